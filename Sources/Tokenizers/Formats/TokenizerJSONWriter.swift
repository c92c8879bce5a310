// TokenizerJSONWriter: a tokenizer.json for a vocabulary of characters or of bytes, which other
// programs read; and the tokenizer_config.json that transformers wants beside it.

package import Config

/// Writes vocabularies without merges in Hugging Face's format.
package enum TokenizerJSONWriter {
  /// Characters as tokens: the index of each is its id; characters that are none are left out of a
  /// text.
  package static func characters(_ scalars: [Unicode.Scalar]) -> JSON {
    document(scalars, preTokenizer: .null, decoder: ["type": "Fuse"])
  }

  /// Bytes as tokens: each is its own id.
  package static func bytes() -> JSON {
    let byteLevel: JSON = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false,
    ]
    return document(ByteAlphabet.characters, preTokenizer: byteLevel, decoder: byteLevel)
  }

  /// The tokenizer_config.json beside either.
  package static var config: JSON {
    ["tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false]
  }

  private static func document(
    _ tokens: [Unicode.Scalar], preTokenizer: JSON, decoder: JSON
  ) -> JSON {
    [
      "version": "1.0", "truncation": .null, "padding": .null, "added_tokens": [],
      "normalizer": .null, "pre_tokenizer": preTokenizer, "post_processor": .null,
      "decoder": decoder,
      "model": [
        "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
        "end_of_word_suffix": .null, "fuse_unk": false, "byte_fallback": false,
        "ignore_merges": false,
        "vocab": .object(
          tokens.enumerated().map { JSON.Member(String(Character($1)), .integer($0)) }),
        "merges": [],
      ],
    ]
  }
}
