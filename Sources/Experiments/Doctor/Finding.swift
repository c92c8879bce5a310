// One thing that was looked at, and what it means for the user.

package import Config
import Records
import Statistics

/// What was found about one part of the machine or of the installation.
package struct Finding: Equatable, Sendable {
  package enum State: String, Sendable {
    case ok
    /// It works, but something should be known or could be better.
    case note
    /// Nothing can run before this is put right.
    case problem
  }

  /// What was looked at, in a word or two.
  package let name: String
  package let state: State
  package let text: String
  /// What to do about it; nil where nothing is to be done.
  package let advice: String?
  /// The figures in base units, for programs.
  package let values: JSON

  init(
    _ name: String, _ state: State, _ text: String, advice: String? = nil,
    values: [JSON.Member] = []
  ) {
    self.name = name
    self.state = state
    self.text = text
    self.advice = advice
    self.values = .object(values)
  }

  package var json: JSON {
    [
      "name": .string(name), "state": .string(state.rawValue), "text": .string(text),
      "advice": .string(advice), "values": values,
    ]
  }
}

extension [Finding] {
  /// A line a finding, what to do below it.
  package var text: String {
    let width = map { DisplayWidth.of($0.name) }.max() ?? 0
    return map { finding in
      let state = finding.state.rawValue
      let margin = String(repeating: " ", count: 9)
      let gap = String(repeating: " ", count: width - DisplayWidth.of(finding.name) + 2)
      let line =
        state + margin.dropFirst(state.count) + finding.name + gap + finding.text + "\n"
      let indent = margin + String(repeating: " ", count: width + 2)
      return line + (finding.advice.map { "\(indent)-> \($0)\n" } ?? "")
    }.joined()
  }

  /// Whether nothing keeps experiments from running.
  package var canRun: Bool { allSatisfy { $0.state != .problem } }
}
