// The command line's `path=value`: what it sets, and where its faults point.

import Config
import Experiments
import Testing

@Suite struct SettingTests {
  @Test(arguments: [
    ("a.b=2", "{a: {b: 2}}"), ("a=", "{a: null}"), ("a=[1, x]", "{a: [1, x]}"),
    ("a.b={c: 1e-3}", "{a: {b: {c: 0.001}}}"), ("a='1'", "{a: \"1\"}"), ("a=b=c", "{a: b=c}"),
  ])
  func settingsAreOverlays(argument: String, expected: String) throws {
    let overlay = try Setting.parse(argument).overlay
    #expect(overlay.value.inlineYAML.replacing("\"b=c\"", with: "b=c") == expected)
  }

  @Test(arguments: [
    ("a=1,2", "[1, 2]"), ("a=x", "[x]"), ("a=[1, 2]", "[1, 2]"), ("a=[1],[2]", "[[1], [2]]"),
    ("a={t: 1},y", "[{t: 1}, y]"), ("a=", "[]"),
  ])
  func axesOfTheCommandLineAreLists(argument: String, expected: String) throws {
    #expect(
      try Setting.parseAxis(argument).value.value.inlineYAML.replacing(
        "{t: 1}, \"y\"", with: "{t: 1}, y") == expected)
  }

  @Test func faultsOfSettingsPointIntoTheArgument() throws {
    let setting = try Setting.parse("größe.x=[1, two]")
    #expect(setting.value.items?.last?.mark.column == 13)
    #expect(setting.value.mark.text == "--set größe.x=[1, two]")
    #expect(throws: Faults.self) { try Setting.parse("a b=1") }
    #expect(throws: Faults.self) { try Setting.parse("=1") }
    let deep = Array(repeating: "a", count: 100_000).joined(separator: ".")
    #expect(throws: Faults.self) { try Setting.parse("\(deep)=1") }
  }
}
