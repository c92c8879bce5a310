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
}
