// The forms of conversation, as the models' own templates write them.

import Config
import TestSupport
import Testing
import Tokenizers
import Workloads

@Suite("forms of conversation") struct ChatFormTests {
  @Test func `each is what the templates of its models give`() {
    let (user, system) = ("Hi?", "Be brief.")
    #expect(
      ChatForm.chatml.text(user: user, system: system)
        == "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi?<|im_end|>\n"
        + "<|im_start|>assistant\n")
    #expect(
      ChatForm.llama3.text(user: user, system: nil)
        == "<|start_header_id|>user<|end_header_id|>\n\nHi?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n")
    #expect(
      ChatForm.gemma.text(user: user, system: system)
        == "<start_of_turn>user\nBe brief.\n\nHi?<end_of_turn>\n<start_of_turn>model\n")
  }

  @Test func `blanks around a text are left out where the templates trim them`() {
    // Some of each kind that Python's strip takes away, and what it does not.
    let blanks = "\n\t \r\n\u{1C}\u{1F}\u{85}\u{A0}\u{2028}\u{3000}"
    let (user, system) = ("\(blanks)\u{200B}H i\n?\(blanks)", " Be brief.\n")
    let kept = "\u{200B}H i\n?"
    #expect(
      ChatForm.chatml.text(user: user, system: system)
        == "<|im_start|>system\n\(system)<|im_end|>\n<|im_start|>user\n\(user)<|im_end|>\n"
        + "<|im_start|>assistant\n")
    #expect(
      ChatForm.llama3.text(user: user, system: system)
        == "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\n\(kept)<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\n")
    #expect(
      ChatForm.gemma.text(user: user, system: system)
        == "<start_of_turn>user\n\(system)\n\n\(kept)<end_of_turn>\n<start_of_turn>model\n")
    #expect(
      ChatForm.gemma.text(user: blanks, system: nil)
        == "<start_of_turn>user\n<end_of_turn>\n<start_of_turn>model\n")
  }

  @Test(
    "a tokenizer's form is that whose marks are among its special tokens",
    arguments: [
      (ChatForm.chatml, "<|im_start|>", "<|im_end|>"),
      (.llama3, "<|start_header_id|>", "<|eot_id|>"),
      (.gemma, "<start_of_turn>", "<end_of_turn>"),
    ])
  func detected(form: ChatForm, start: String, end: String) throws {
    let folder = try TemporaryFolder()
    /// The form of a tokenizer that has these tokens besides the letter a.
    func known(by added: [(text: String, isSpecial: Bool)]) throws -> ChatForm? {
      let tokens = added.enumerated().map { index, token -> JSON in
        [
          "id": .integer(index + 1), "content": .string(token.text),
          "special": .bool(token.isSpecial),
        ]
      }
      let tokenizer: JSON = [
        "added_tokens": .array(tokens), "decoder": ["type": "Fuse"],
        "model": ["type": "BPE", "vocab": ["a": 0], "merges": []],
      ]
      try folder.write(tokenizer.line, to: "tokenizer.json")
      return ChatForm.of(.stored(try StoredTokenizer(at: folder.path)))
    }
    #expect(try known(by: [(start, true), (end, true)]) == form)
    #expect(try known(by: [(start, true)]) == nil)
    #expect(try known(by: [(end, true)]) == nil)
    #expect(try known(by: [(start, true), (end, false)]) == nil)
    #expect(try known(by: [(start, false), (end, true)]) == nil)
  }
}
