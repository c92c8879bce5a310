// The forms of conversation, as the models' own templates write them.

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
    // All that Python's strip takes away, and what it does not.
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
}
