"""Texts on which tokenizers differ, and texts that are generated at random, the same ones each time."""

import random

NASTY = [
    "", " ", "  ", "   ", "a", " a", "a ", "  two  spaces", "\t", "\ttab\t\ttabs", "\n", "\n\n\n", " \n \n", "line\r\nline\r\n\r\n",
    "x\n  y\n\n    z\n", "trailing   ", "trailing\n", "hello\n\n  world  \n\n", "1", "12", "123", "1234", "1234567", "12345678901234567890",
    "3.14159, 1,000,000 and 2^10", "½ ² Ⅷ ٣٤٥ 一二三", "don't DON'T Don't it's IT'S we'll WE'LL I'm they've y'all'd've 's 'S 'ſ",
    "'tis 'Twas ''''s 'r 're", "naïve café", "nai\u0308ve cafe\u0301", "A\u030a\u0301 \u1e9b\u0323 q\u0307\u0323", "ﬁ ﬂ ① ｆｕｌｌ ㎏ ½",
    "ΑΣ ΣΊΣΥΦΟΣ İstanbul ß STRASSE", "你好，世界！", "こんにちは世界", "안녕하세요 세계", "Привет, мир!", "שלום עולם", "مرحبا بالعالم",
    "नमस्ते दुनिया", "สวัสดีชาวโลก", "🙂", "🙂🏽 👩‍👩‍👧‍👦 🇩🇪 ❤️", "a🙂b 🙂 c", "\u00a0nbsp\u00a0x \u00a0y", "\u0085nel\u0085\u0085", "\u000bvt\u000b\u000c",
    "\u180emvs\u180e \u180e", "\u200bzw\u200d\u200cj\ufeff", "\u2028ls\u2029ps", "\u3000wide\u3000", "\u2003\u2003em", "a\u0000b", "\u0001\u007f\u009f",
    "\ufffd\uffff\U0010ffff", "\U0001d54f\U0001d7d8 \U00020000", "\U000e0041", "....!!!??? -- -- ___ __init__ a_b", "!@#$%^&*()[]{}<>|\\/~`\"",
    "<|endoftext|>", "a<|endoftext|>b <|endoftext|> c", "<s>text</s>", " <s> text </s> ", "<|im_start|>user\nhi<|im_end|>\n", "<unk><pad>", "<0x0A><0xFF>",
    "▁under▁score ▁ ▁▁", "Ġbyte Ċ Âł", "def f(x):\n    if x > 0:\n        return x**2\n\n\tpass\n", "<div class=\"a\">\n\t<p>Hi</p>\n</div>",
    "http://example.com/a?b=c&d=%20#e", "camelCaseWordsHTTPServer XMLHttpRequest ÉCOLE école ǅ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "                                                                  x", "\n" * 20 + "x", "ab" * 30, "e\u0301" * 6, "🙂" * 5, "The capital of France is",
    "\u0301start with a mark", "\U0001f1e6\U0001f1e7\U0001f1e8", "x" + "\u0300" * 9, "- - -\n* * *\n1. 2. 3.\n", "a,b;c:d", "  \u00a0  \t \n x",
]

WORDS = (
    "the of and to in a is that it was for on are with as his they be at one have this from or had by not but some what there we can out other were all "
    "your when up use word how said an each she which do their time if will way about many then them would write like so these her long make thing see him "
    "two has look more day could go come did my sound no most number who over know water than call first people may down side been now find King Queen "
    "Enter Exeunt thou thee hath doth shall gentle lord noble blood sword night morning bright sorrow heaven earth"
).split()
SCRIPTS = ["äöüßéèêñçåøæ", "абвгдежзиклмнопрстуфхц", "αβγδεζηθικλμν", "你好世界中国人民日本語学生時間", "ひらがなカタカナ", "안녕하세요세계", "אבגדהוזח", "ابتثجحخد", "नमस्तेदुनिया", "🙂😀🎉🚀❤👍🏽"]
GLUE = [" ", " ", " ", " ", "  ", "\n", "\n\n", "\t", ", ", ". ", "? ", "! ", "'s ", "n't ", "-", "_", "", " (", ") ", "\"", "\r\n", "\u00a0", "   "]


def generated(count, seed=7):
    chance = random.Random(seed)
    texts = []
    for _ in range(count):
        parts = []
        for _ in range(chance.randint(1, 40)):
            kind = chance.random()
            if kind < 0.6:
                word = chance.choice(WORDS)
                parts.append(chance.choice([word, word, word.capitalize(), word.upper()]))
            elif kind < 0.75:
                parts.append(str(chance.randint(0, 10 ** chance.randint(1, 9))))
            elif kind < 0.9:
                letters = chance.choice(SCRIPTS)
                parts.append("".join(chance.choice(letters) for _ in range(chance.randint(1, 6))))
            else:
                parts.append("".join(chance.choice("+-*/=<>()[]{}#@$%^&|~`'\"\\.,;:!?") for _ in range(chance.randint(1, 4))))
            parts.append(chance.choice(GLUE))
        texts.append("".join(parts))
    return texts


def corpus(words, seed=1):
    """A text to train small tokenizers on."""
    chance = random.Random(seed)
    lines = []
    for _ in range(words // 8):
        line = " ".join(chance.choice(WORDS) for _ in range(8))
        lines.append(line.capitalize() + chance.choice([".", ",", "?", "!", "", " don't", " it's", " 1234", "..."]))
    for letters in SCRIPTS:
        lines.append(" ".join(letters[i : i + 3] for i in range(0, len(letters), 2)))
    return lines
