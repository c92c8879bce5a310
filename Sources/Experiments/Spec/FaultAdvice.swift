// FaultAdvice: what to write instead, where that is known only once all of an experiment has been
// read: the option that an unknown key means, and that several values are an axis.

import Config

/// Adds to faults what their own place could not know.
struct FaultAdvice {
  let names: OptionNames
  /// The command line's.
  let settings: [Setting]

  func advised(_ fault: Fault) -> Fault {
    guard case .mark(let mark) = fault.place else { return fault }
    switch fault.kind {
    case .unknownKey(let key, let section, let known, _):
      let meant = meant(by: key, in: section, at: mark)
      return Fault(
        .unknownKey(key, section: section, known: known, meant: meant), at: mark,
        notes: fault.notes)
    case .wrongType(let path, _, _, _), .unknownWord(_, let path, _):
      guard let advice = axis(path, at: mark, fault.kind) else { return fault }
      let statement = Fault.Statement(fault.message, help: [advice], isOfSpelling: true)
      return Fault(.stated(statement), at: mark, notes: fault.notes)
    default: return fault
    }
  }

  private func meant(by key: String, in section: String, at mark: Mark) -> [String] {
    // On the command line the whole path stands in one place.
    if let setting = settings.first(where: { $0.keyMark == mark }) {
      return names.meant(by: setting.path.text)
    }
    let within = section.isEmpty ? "" : section + "."
    return names.meant(by: key, in: section).map { path in
      let isNeighbour = path.hasPrefix(within) && !path.dropFirst(within.count).contains(".")
      return isNeighbour ? String(path.dropFirst(within.count)) : path
    }
  }

  /// How several values are said, where a value looks like several.
  private func axis(_ path: String, at mark: Mark, _ kind: Fault.Kind) -> String? {
    guard let setting = settings.first(where: { $0.value.mark == mark }) else {
      guard case .wrongType(_, _, Wording.list, _) = kind, names.paths.contains(path) else {
        return nil
      }
      return "several values are an axis: write them under 'matrix', as \(path): [...]"
    }
    let text = setting.value.scalar?.text ?? ""
    let isSeveral =
      setting.value.items != nil || text.contains(",") || NumberRange.isIn(setting.value)
    guard isSeveral else { return nil }
    let values = setting.value.items.map { $0.map(\.value.inlineYAML).joined(separator: ",") }
    if path == "seeds", let ends = (values ?? text).wholeMatch(of: #/"?(\d+) *[-:] *(\d+)"?/#) {
      return "a range has two dots: --seeds \(ends.1)..\(ends.2)"
    }
    if path == "seeds" { return "several seeds: --seeds \(Wording.shellWord(values ?? text))" }
    return "several values are an axis: --vary "
      + Wording.shellWord("\(setting.path.text)=\(values ?? text)")
  }
}
