// The documentation is true: generated pages are current, words are named, links lead somewhere,
// examples work.

import Config
import Experiments
import Foundation
import Testing

@Suite struct DocumentationTests {
  @Test func `docs/components.md is what the program prints`() throws {
    let isCurrent = try Repository.text("docs/components.md") == Catalogue.markdown
    #expect(isCurrent, "write it anew: runexp components --markdown > docs/components.md")
  }

  @Test func `the README names every component and workload`() throws {
    let readme = try Repository.text("README.md")
    let slots = Catalogue.slots
    #expect(slots.count >= 5)
    for slot in slots {
      for entry in slot.entries {
        let isNamed = readme.contains("`\(entry.word)`")
        #expect(isNamed, "\(slot.path): \(entry.word)")
      }
    }
  }

  @Test func `the page on the experiment file names every key outside the components`() throws {
    let page = try Repository.text("docs/experiment-file.md")
    let keys = ["name", "seeds", "variants", "compare", "matrix"] + Catalogue.common.map(\.path)
    #expect(keys.count > 10)
    for key in keys {
      let isNamed = page.contains("`\(key)`")
      #expect(isNamed, "\(key)")
    }
  }

  @Test func `every link leads to a file that is there`() throws {
    var count = 0
    for path in try Repository.pages() {
      let folder =
        path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]) : "."
      for match in try Repository.text(path).matches(of: #/\]\(([^)\s]+)\)/#) {
        let target = match.output.1.prefix { $0 != "#" }
        if target.isEmpty || target.contains("://") { continue }
        count += 1
        #expect(Repository.exists("\(folder)/\(target)"), "\(path) links to \(target)")
      }
    }
    #expect(count > 5)
  }

  @Test func `every path in the documentation is there`() throws {
    let path = #/`((?:Sources|Tests|docs|experiments|scripts|cuda)/[A-Za-z0-9_+.\/-]+)`/#
    var count = 0
    for page in try Repository.pages() {
      for match in try Repository.text(page).matches(of: path) {
        count += 1
        #expect(Repository.exists(String(match.output.1)), "\(page): \(match.output.1)")
      }
    }
    #expect(count > 20)
  }

  @Test func `every source file that the documentation names is there`() throws {
    let sources = try Repository.sources()
    var count = 0
    // Not CONTRIBUTING.md, which names files to be written.
    for page in try ["README.md"] + Repository.files(in: "docs", "md") {
      for match in try Repository.text(page).matches(
        of: #/`([A-Za-z0-9_+\/]+\.(?:swift|inc|cuh|cu|cpp|c|h))`/#)
      {
        count += 1
        let name = "/" + match.output.1
        let isThere = sources.contains { "/\($0)".hasSuffix(name) }
        #expect(isThere, "\(page): \(match.output.1)")
      }
    }
    #expect(count > 20)
  }

  @Test func `every experiment in the documentation is valid`() throws {
    var count = 0
    for page in try Repository.pages() {
      let text = try Repository.text(page).replacing("<!-- wrong -->\n```yaml", with: "")
      // A whole experiment opens with its question; other YAML is a fragment.
      for example in text.parts(from: "```yaml\n", to: "```")
      where example.lines.first?.hasSuffix("?") ?? false {
        count += 1
        #expect(throws: Never.self, "\(page)") {
          _ = try PlannedExperiment.load(text: example, name: "example.yaml", reader: .standard)
        }
      }
    }
    #expect(count >= 2)
  }

  @Test func `the faults in the documentation are what the program says`() throws {
    let page = try Repository.text("docs/experiment-file.md")
    let files = page.parts(from: "<!-- wrong -->\n```yaml\n", to: "```")
    let faults = page.parts(from: "<!-- its faults -->\n```\n", to: "```")
    #expect(files.count >= 2 && files.count == faults.count)
    for (file, expected) in zip(files, faults) {
      let found = try #require(
        throws: Faults.self, "\(file)",
        performing: {
          _ = try PlannedExperiment.load(text: file, name: "wrong.yaml", reader: .standard)
        })
      #expect(found.text == expected)
    }
  }
}
