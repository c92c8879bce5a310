// Whole files, growing files and the folder of a run, on a real file system.

import Config
import Foundation
import Records
import TestSupport
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

  @Test func `a file that is created is new, and what is there is left alone`() throws {
    let path = folder.file("a.txt")
    try AtomicFile.create(Array("first".utf8), at: path)
    let error = #expect(throws: ResultsError.self) { try AtomicFile.create([1], at: path) }
    #expect(error?.description == "could not write '\(path)': file exists")
    #expect(try AtomicFile.read(path) == "first" && folder.names() == ["a.txt"])
  }

  @Test func `a folder that is not there is named with the system's reason`() {
    let path = folder.file("no/a.txt")
    let error = #expect(throws: ResultsError.self) { try AtomicFile.write("x", to: path) }
    #expect(error?.description == "could not write '\(path)': no such file or directory")
  }

  @Test func `what cannot be read is no failure to write`() {
    let path = folder.file("no/a.txt")
    let missing = #expect(throws: ResultsError.self) { try AtomicFile.read(path) }
    #expect(missing?.description == "could not read '\(path)': no such file or directory")
    #expect(missing?.isOfWriting == false)
    let directory = #expect(throws: ResultsError.self) { try AtomicFile.readBytes(folder.path) }
    #expect(directory?.isOfWriting == false)
    let write = #expect(throws: ResultsError.self) { try AtomicFile.write("x", to: path) }
    #expect(write?.isOfWriting == true)
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
    let log = try LineLog(afresh: link)
    let error = #expect(throws: ResultsError.self) { try log.append(["step": 1]) }
    #expect(error?.description == "could not write '\(link)': no space left on device")
  }

  @Test func `a file larger than allowed fails whole and keeps the old one`() async throws {
    await #expect(processExitsWith: .success) {
      // In a process of its own: the limit holds for all of a process's files.
      let folder = try TemporaryFolder()
      let path = folder.file("a.txt")
      try AtomicFile.write("old", to: path)
      let log = try LineLog(afresh: folder.file("log.jsonl"))
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

  @Test func `a link to a file stays a link, one to nothing makes the file`() throws {
    try folder.write("old", to: "deep/target.txt")
    for (link, target) in [
      ("link", "deep/target.txt"), ("second", "link"), ("dangling", "deep/new.txt"),
    ] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.file(link), withDestinationPath: target)
      try AtomicFile.write("new by \(link)", to: folder.file(link))
      #expect(
        try FileManager.default.destinationOfSymbolicLink(atPath: folder.file(link)) == target)
      #expect(try AtomicFile.read(folder.file(link)) == "new by \(link)")
    }
    #expect(try AtomicFile.read(folder.file("deep/target.txt")) == "new by second")
    #expect(try folder.names(in: "deep") == ["new.txt", "target.txt"])
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("round"), withDestinationPath: "round")
    let error = #expect(throws: ResultsError.self) {
      try AtomicFile.write("x", to: folder.file("round"))
    }
    #expect(error?.description.contains("too many levels of symbolic links") == true)
  }

  @Test func `a device, a pipe and a descriptor are written to and stay what they are`() throws {
    func type(_ path: String) -> mode_t {
      var status = stat()
      return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : 0
    }
    try AtomicFile.write("gone", to: "/dev/null")
    #expect(type("/dev/null") == S_IFCHR)
    let error = #expect(throws: ResultsError.self) { try AtomicFile.write("x", to: "/dev/full") }
    #expect(error?.description == "could not write '/dev/full': no space left on device")

    let pipe = folder.file("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    let reader = open(pipe, O_RDWR)
    defer { close(reader) }
    try AtomicFile.write("through", to: pipe)
    var bytes = [UInt8](repeating: 0, count: 64)
    #expect(read(reader, &bytes, bytes.count) == 7)
    #expect(type(pipe) == S_IFIFO)

    try folder.write("what was there before", to: "open.txt")
    let file = open(folder.file("open.txt"), O_WRONLY)
    defer { close(file) }
    try AtomicFile.write("through a descriptor", to: "/dev/fd/\(file)")
    #expect(try AtomicFile.read(folder.file("open.txt")) == "through a descriptor")
    var (byName, byNumber) = (stat(), stat())
    stat(folder.file("open.txt"), &byName)
    fstat(file, &byNumber)
    #expect(byName.st_ino == byNumber.st_ino, "the file was not replaced")
    #expect(try folder.names() == ["open.txt", "pipe"])
  }

  @Test func `a pipe is not waited for where a file is read, nor a device read`() throws {
    let pipe = folder.file("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    for path in [pipe, "/dev/zero"] {
      let problem = "could not read '\(path)': it is no regular file"
      let error = #expect(throws: ResultsError.self) { try AtomicFile.read(path) }
      #expect(error?.description == problem)
      let hash = #expect(throws: ResultsError.self) { try SHA256.hex(file: path) }
      #expect(hash?.description == problem)
    }
  }

  @Test func `left temporary files are swept away, those that are being written are not`() throws {
    try folder.write("", to: ".result.json.4711.tmp")
    try folder.write("", to: ".result.json.live.tmp")
    try folder.write("", to: "report.tmp")
    let live = open(folder.file(".result.json.live.tmp"), O_WRONLY)
    defer { close(live) }
    #expect(flock(live, LOCK_EX) == 0)
    AtomicFile.sweep(folder.path)
    #expect(try folder.names() == [".result.json.live.tmp", "report.tmp"])
  }

  @Test func `many writers and a sweeper never meet in a temporary file`() throws {
    let (place, path) = (folder.path, folder.file("shared.json"))
    let text = String(repeating: "x", count: 10_000)
    DispatchQueue.concurrentPerform(iterations: 8) { writer in
      for _ in 0..<30 {
        if writer == 0 {
          AtomicFile.sweep(place)
        } else if (try? AtomicFile.write("\(writer)\(text)", to: path)) == nil {
          Issue.record("a write failed")
        }
      }
    }
    #expect(try AtomicFile.read(path).dropFirst() == text[...])
    #expect(try folder.names() == ["shared.json"])
  }

  @Test func `lines are appended and a log opened again goes on`() throws {
    let path = folder.file("steps.jsonl")
    do {
      let log = try LineLog(afresh: path)
      try log.append(["step": 1, "loss": 2.5])
      try log.append(["step": 2, "loss": .real(.nan)])
      try log.sync()
    }
    try LineLog(path) { _ in true }.append(["step": 3])
    #expect(
      try AtomicFile.read(path) == """
        {"step":1,"loss":2.5}
        {"step":2,"loss":null}
        {"step":3}

        """)
  }

  @Test(arguments: [
    ("{\"a\":1}\n{\"a\":", "{\"a\":1}\n"), ("{\"a\":1}\n", "{\"a\":1}\n"), ("{\"a\"", ""),
    ("", ""), ("{}\n" + String(repeating: "x", count: 10_000), "{}\n"),
  ]) func `a partial last line is not gone on with`(before: String, after: String) throws {
    try folder.write(before, to: "steps.jsonl")
    try LineLog(folder.file("steps.jsonl")) { _ in true }.append([1])
    #expect(try AtomicFile.read(folder.file("steps.jsonl")) == after + "[1]\n")
  }

  @Test(arguments: [true, false])
  func `a log that another has gone on with takes no lines of whoever had it`(
    isAfresh: Bool
  ) throws {
    let path = folder.file("steps.jsonl")
    let former = try LineLog(afresh: path)
    try former.append(["step": 1])
    let next = try isAfresh ? LineLog(afresh: path) : LineLog(path, keeping: { _ in true })
    let before = isAfresh ? "" : "{\"step\":1}\n"
    for _ in 1...2 {
      try former.append(["step": 2])
      #expect(try !AtomicFile.read(path).contains("2"))
      try next.append(["step": 30])
    }
    try former.sync()
    #expect(try AtomicFile.read(path) == before + "{\"step\":30}\n{\"step\":30}\n")
    #expect(try folder.names() == ["steps.jsonl"])
  }

  @Test func `so does a text that lines are appended to`() throws {
    let path = folder.file("log.txt")
    let former = try LineFile(path)
    former.append("begin")
    let next = try LineFile(path)
    former.append("step")
    next.append("begin")
    #expect(try AtomicFile.read(path) == "begin\nbegin\n")
    #expect(try folder.names() == ["log.txt"])
    #expect(throws: ResultsError.self) { try LineFile(folder.file("none/log.txt")) }
  }

  @Test func `a text goes on after its last whole line, and one that cannot be read is no verdict`()
    throws
  {
    let path = folder.file("log.txt")
    for (before, after) in [("", ""), ("beg", ""), ("begin\nst", "begin\n"), ("a\n", "a\n")] {
      try folder.write(before, to: "log.txt")
      try LineFile(path).append("goes on")
      #expect(try AtomicFile.read(path) == after + "goes on\n")
    }
    let error = #expect(throws: ResultsError.self) { try LineFile(folder.path) }
    #expect(error?.isOfWriting == true)
    #expect(error?.description == "could not read '\(folder.path)': is a directory")
  }

  @Test func `a log is rewound to the last line that is to be kept`() throws {
    let path = folder.file("steps.jsonl")
    try folder.write("{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"st", to: "steps.jsonl")
    _ = try LineLog(path) { ($0["step"]?.whole ?? 0) <= 2 }
    #expect(try AtomicFile.read(path) == "{\"step\":1}\n{\"step\":2}\n")
    _ = try LineLog(path) { _ in true }
    #expect(try AtomicFile.read(path) == "{\"step\":1}\n{\"step\":2}\n")
    try folder.write("{\"step\":1}\noops\n", to: "steps.jsonl")
    let error = #expect(throws: ResultsError.self) { try LineLog(path) { _ in true } }
    #expect(
      error?.description == "could not read '\(path)': not JSON: unexpected character at byte 0")
  }

  @Test func `to go on with a file that is not there says so`() throws {
    let path = folder.file("none.jsonl")
    let error = #expect(throws: ResultsError.self) { try LineLog(path) { _ in true } }
    #expect(error?.description == "could not read '\(path)': no such file or directory")
    #expect(try folder.names().isEmpty)
  }
}
