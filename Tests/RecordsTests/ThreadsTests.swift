// Work on the elements of a collection by several threads.

import Records
import Testing

@Suite struct ThreadsTests {
  @Test(arguments: [0, 1, 127, 128, 129, 5000]) func `results stand in the order of the elements`(
    count: Int
  ) {
    let found = Array(0..<count).mappedByThreads { element, before -> (own: Int, before: Int?) in
      (element, before?.own)
    }
    #expect(found.map(\.own) == Array(0..<count))
    for (place, one) in found.enumerated() {
      #expect(one.before == nil || one.before == place - 1)
    }
  }

  @Test(arguments: [0, 1, 15, 16, 17, 500]) func `what is kept goes on within a part`(count: Int) {
    let found = Array(0..<count).mappedByThreads(part: 16, keeping: { 0 }) { element, sum in
      sum += element
      return sum
    }
    #expect(
      found == (0..<count).map { place in (place / 16 * 16...place).reduce(0, +) })
  }

  @Test func `what is made lazily is made once, whoever asks`() {
    let lazily = Lazily<Int>()
    let numbers = Array(1...1000)
    let found = numbers.mappedByThreads(part: 1) { number, _ in lazily.value { number } }
    #expect(Set(found).count == 1)
    #expect(numbers.contains(lazily.value { 0 }))
  }

  @Test func `a sequence has each element once, in the order of its first place`() {
    #expect([2, 2, 1, 2, 1, 1, 3].unique == [2, 1, 3])
    #expect(["a", "a"].lazy.map { $0 }.unique == ["a"])
    #expect([Int?.none, 1, nil, 1].unique == [nil, 1])
  }

  @Test(arguments: [0, 1, 511, 512, 513, 5000]) func `parts stand in order, once and again`(
    count: Int
  ) {
    let texts = (0..<count).mappedInParts { "\($0)" }.between("head", "tail")
    let expected = ["head"] + (0..<count).map { "\($0)" } + ["tail"]
    #expect(Array(texts) == expected)
    #expect(Array(texts) == expected)
  }
}
