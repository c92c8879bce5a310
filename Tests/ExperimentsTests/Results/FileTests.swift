// Whole files, growing files and the folder of a run, on a real file system.

import Experiments
import Foundation
import Records
import Testing

@Suite struct FileTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test func `a file is replaced whole and leaves no temporary behind`() throws {
    let path = folder.file("a.txt")
    try AtomicFile.write("old", to: path)
    try AtomicFile.write("new and longer", to: path)
    #expect(try AtomicFile.read(path) == "new and longer")
    #expect(try folder.names() == ["a.txt"])
  }

  @Test func `a folder that is not there is named with the system's reason`() {
    let path = folder.file("no/a.txt")
    let error = #expect(throws: ResultsError.self) { try AtomicFile.write("x", to: path) }
    #expect(error?.description == "could not write '\(path)': no such file or directory")
  }

  @Test func `a target that cannot be replaced keeps what it was and leaves nothing`() throws {
    try folder.write("inner", to: "taken/file")
    let path = folder.file("taken")
    let error = #expect(throws: ResultsError.self) { try AtomicFile.write("x", to: path) }
    #expect(error?.description == "could not write '\(path)': is a directory")
    #expect(try folder.names() == ["taken"])
    #expect(try folder.names(in: "taken") == ["file"])
  }

  @Test func `a full disk is reported with the file's name`() throws {
    // /dev/full fails each write with "no space left on device".
    let link = folder.file("steps.jsonl")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: "/dev/full")
    let log = try LineLog(link)
    let error = #expect(throws: ResultsError.self) { try log.append(["step": 1]) }
    #expect(error?.description == "could not write '\(link)': no space left on device")
  }

  @Test func `a file larger than allowed fails whole and keeps the old one`() async throws {
    await #expect(processExitsWith: .success) {
      // In a process of its own: the limit holds for all of a process's files.
      let folder = try TemporaryFolder()
      let path = folder.file("a.txt")
      try AtomicFile.write("old", to: path)
      let log = try LineLog(folder.file("log.jsonl"))
      try log.append("first")
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 16, rlim_max: 16)
      try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      #expect(throws: ResultsError.system(doing: "write", path: path, code: EFBIG)) {
        try AtomicFile.write(String(repeating: "x", count: 100), to: path)
      }
      #expect(try AtomicFile.read(path) == "old")
      // The line would begin within the limit and end beyond it: it is taken back.
      #expect(throws: ResultsError.self) { try log.append("a line that is too long") }
      #expect(try AtomicFile.read(log.path) == "\"first\"\n")
      #expect(try folder.names() == ["a.txt", "log.jsonl"])
      try FileManager.default.removeItem(atPath: folder.path)
    }
  }

  @Test func `a link is replaced in one step`() throws {
    let path = folder.file("latest")
    try AtomicFile.link(path, to: "first")
    try AtomicFile.link(path, to: "second")
    let target = try FileManager.default.destinationOfSymbolicLink(atPath: path)
    #expect(target == "second")
    #expect(try folder.names() == ["latest"])
  }

  @Test func `lines are appended and a log opened again goes on`() throws {
    let path = folder.file("steps.jsonl")
    do {
      let log = try LineLog(path)
      try log.append(["step": 1, "loss": 2.5])
      try log.append(["step": 2, "loss": .real(.nan)])
      try log.sync()
    }
    try LineLog(path).append(["step": 3])
    #expect(
      try AtomicFile.read(path) == """
        {"step":1,"loss":2.5}
        {"step":2,"loss":null}
        {"step":3}

        """)
  }

  @Test(arguments: [
    ("{\"a\":1}\n{\"a\":", "{\"a\":1}\n", 5), ("{\"a\":1}\n", "{\"a\":1}\n", 0),
    ("{\"a\"", "", 4), ("", "", 0),
  ]) func `a partial last line is cut`(before: String, after: String, cut: Int) throws {
    try folder.write(before, to: "steps.jsonl")
    #expect(try LineLog.mendTail(folder.file("steps.jsonl")) == cut)
    #expect(try AtomicFile.read(folder.file("steps.jsonl")) == after)
  }

  @Test func `a partial line longer than a block is cut too`() throws {
    let partial = String(repeating: "x", count: 10_000)
    try folder.write("{}\n" + partial, to: "steps.jsonl")
    try LineLog(folder.file("steps.jsonl")).append([1])
    #expect(try AtomicFile.read(folder.file("steps.jsonl")) == "{}\n[1]\n")
  }

  @Test func `a log is rewound to the last line that is to be kept`() throws {
    let path = folder.file("steps.jsonl")
    try folder.write("{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"st", to: "steps.jsonl")
    try LineLog.rewind(path) { ($0["step"]?.whole ?? 0) <= 2 }
    #expect(try AtomicFile.read(path) == "{\"step\":1}\n{\"step\":2}\n")
    try LineLog.rewind(path) { _ in true }
    #expect(try AtomicFile.read(path) == "{\"step\":1}\n{\"step\":2}\n")
    try folder.write("{\"step\":1}\noops\n", to: "steps.jsonl")
    let error = #expect(throws: ResultsError.self) { try LineLog.rewind(path) { _ in true } }
    #expect(
      error?.description == "could not read '\(path)': not JSON: unexpected character at byte 0")
  }

  @Test func `mending a file that is not there says so`() {
    let path = folder.file("none.jsonl")
    let error = #expect(throws: ResultsError.self) { try LineLog.mendTail(path) }
    #expect(error?.description == "could not mend '\(path)': no such file or directory")
  }
}
