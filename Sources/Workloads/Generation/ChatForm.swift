// ChatForm: how a model that was trained to answer expects a question to be put.

import Tokenizers

/// The forms of conversation that are known, each by the special tokens that it is made of.
///
/// Models bring theirs as a Jinja template, which is not read.
package enum ChatForm: String, CaseIterable, Sendable {
  /// SmolLM2's and Qwen's.
  case chatml
  /// Llama 3's.
  case llama3
  /// Gemma's, in which the user's first words stand for the system's.
  case gemma

  /// The token that begins a turn, by which the form is known, and the one that ends it.
  package var marks: (start: String, end: String) {
    switch self {
    case .chatml: ("<|im_start|>", "<|im_end|>")
    case .llama3: ("<|start_header_id|>", "<|eot_id|>")
    case .gemma: ("<start_of_turn>", "<end_of_turn>")
    }
  }

  /// The form whose marks a tokenizer has among its special tokens; nil where it has none.
  package static func of(_ tokenizer: TextTokenizer) -> ChatForm? {
    allCases.first { form in
      [form.marks.start, form.marks.end].allSatisfy { tokenizer.special($0) != nil }
    }
  }

  /// The text that a model of this form goes on with its answer to.
  ///
  /// What stands at the beginning of every text, such as `<|begin_of_text|>`, is the tokenizer's to
  /// add. A mark within what the user writes is one. The templates of Llama 3 leave out blanks around
  /// what either says, those of Gemma around what the user says.
  package func text(user: String, system: String?) -> String {
    switch self {
    case .chatml: turn("system", system) + turn("user", user) + "<|im_start|>assistant\n"
    case .llama3:
      turn("system", system.map(trimmed)) + turn("user", trimmed(user))
        + "<|start_header_id|>assistant<|end_header_id|>\n\n"
    case .gemma:
      turn("user", (system.map { $0 + "\n\n" } ?? "") + trimmed(user)) + "<start_of_turn>model\n"
    }
  }

  /// What Jinja's `trim` leaves, which is Python's `strip`.
  private func trimmed(_ text: String) -> String {
    func isBlank(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.isWhitespace || (0x1C...0x1F).contains(scalar.value)
    }
    let scalars = text.unicodeScalars.drop(while: isBlank)
    guard let last = scalars.lastIndex(where: { !isBlank($0) }) else { return "" }
    return String(scalars[...last])
  }

  private func turn(_ role: String, _ text: String?) -> String {
    guard let text else { return "" }
    return switch self {
    case .chatml: "<|im_start|>\(role)\n\(text)<|im_end|>\n"
    case .llama3: "<|start_header_id|>\(role)<|end_header_id|>\n\n\(text)<|eot_id|>"
    case .gemma: "<start_of_turn>\(role)\n\(text)<end_of_turn>\n"
    }
  }
}
