// ExportedTokenizer: the characters of a model in the files of the Hugging Face tokenizers, which
// know nothing smaller than a character either: pairs of them that are never merged.

import Config

extension CharacterVocabulary {
  /// The `tokenizer.json` in which characters have the ids that the model knows them by; one that it
  /// does not know is left out of a text.
  var tokenizer: JSON {
    let ids = scalars.enumerated().map { JSON.Member(String($1), .integer($0)) }
    return [
      "version": "1.0", "truncation": .null, "padding": .null, "added_tokens": [],
      "normalizer": .null, "pre_tokenizer": .null, "post_processor": .null,
      "decoder": ["type": "Fuse"],
      "model": [
        "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
        "end_of_word_suffix": .null, "fuse_unk": false, "byte_fallback": false,
        "ignore_merges": false, "vocab": .object(ids), "merges": [],
      ],
    ]
  }

  /// What AutoTokenizer asks for beside it: the class that takes it as it is.
  static let tokenizerConfiguration: JSON = [
    "tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false,
  ]
}
