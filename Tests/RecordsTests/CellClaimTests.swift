// The claim of a cell: one process has it, on whatever machine, and the dead lose it.

import Config
import Foundation
import Records
import Synchronization
import TestSupport
import Testing

@Suite("the claim of a cell")
struct CellClaimTests {
  private let place: TemporaryFolder
  private let run: RunFolder
  private let line: PlanLine
  private var file: String { "\(run.cell(line.cell))/.claim" }

  init() throws {
    place = try TemporaryFolder()
    run = try RunFolder.create(in: place.path, experiment: "tiny")
    var line = PlanLine()
    (line.cell, line.label) = ("modern-s1-00000000", "modern")
    self.line = line
    try run.makeCell(line.cell)
  }

  /// Leaves the claim of a process of another machine, last touched so many seconds ago.
  private func leave(_ token: String = "other", seconds: Double, beat: Double = 10) throws {
    let claim: JSON = [
      "token": .string(token), "host": "node7", "boot": "another", "beat_seconds": .real(beat),
    ]
    try claim.line.write(toFile: file, atomically: false, encoding: .utf8)
    let date = Date(timeIntervalSinceNow: -seconds)
    try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file)
  }

  private var token: String? {
    (try? JSON(reading: AtomicFile.read(file)))?["token"]?.text
  }

  @Test("a cell has one worker, and is free when that one is done")
  func exclusive() throws {
    let claim = try CellClaim(line, of: run)
    #expect(throws: RunError.self) { try CellClaim(line, of: run) }
    #expect(CellClaim.holder(in: run.cell(line.cell)) != nil)
    try claim.check()
    claim.release()
    #expect(!FileManager.default.fileExists(atPath: file))
    #expect(throws: RunError.claimLost("modern")) { try claim.check() }
  }

  @Test("what another machine works on is left to it until three beats were missed")
  func stale() throws {
    try leave(seconds: 25)
    let holder = RunLock.Holder(host: "node7")
    #expect(throws: RunError.cellLocked("modern", by: holder)) { try CellClaim(line, of: run) }
    #expect(CellClaim.holder(in: run.cell(line.cell)) == holder)
    #expect(token == "other")
    try leave(seconds: 35)
    #expect(CellClaim.holder(in: run.cell(line.cell)) == nil)
    let claim = try CellClaim(line, of: run)
    #expect(token != "other")
    try claim.check()
    // The one that was thought dead comes back.
    try leave(seconds: 0)
    #expect(throws: RunError.claimLost("modern")) { try claim.check() }
    claim.release()
    #expect(token == "other", "it is not this one's to remove")
  }

  @Test("a beat that is longer or shorter is the claim's own")
  func ownBeat() throws {
    try leave(seconds: 100, beat: 60)
    #expect(throws: RunError.self) { try CellClaim(line, of: run) }
    try leave(seconds: 2, beat: 0.5)
    _ = try CellClaim(line, of: run)
  }

  @Test("a claim that is half written is another's until it is old")
  func empty() throws {
    try "".write(toFile: file, atomically: false, encoding: .utf8)
    #expect(throws: RunError.self) { try CellClaim(line, of: run) }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -40)], ofItemAtPath: file)
    _ = try CellClaim(line, of: run)
  }

  @Test("of many who would take over a dead claim one does, without any lock of the kernel")
  func takenOverOnce() throws {
    // As a server does that keeps the lock of a machine that is gone.
    let lock = open("\(run.cell(line.cell))/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    try #require(flock(lock, LOCK_EX | LOCK_NB) == 0)
    defer { close(lock) }
    for round in 0..<20 {
      try leave("dead-\(round)", seconds: 35)
      let claims = Mutex<[CellClaim]>([])
      DispatchQueue.concurrentPerform(iterations: 8) { [line, run] _ in
        if let claim = try? CellClaim(line, of: run) { claims.withLock { $0.append(claim) } }
      }
      claims.withLock { claims in
        #expect(claims.count == 1, "round \(round)")
        #expect(throws: Never.self) { try claims.first?.check() }
        for claim in claims { claim.release() }
      }
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: run.cell(line.cell))
    #expect(left == [".lock"])
  }

  @Test("what a process writes or removes once its cell was taken over stays undone")
  func guarded() throws {
    let cell = run.cell(line.cell)
    let state = "\(cell)/\(RunFolder.trainingState)"
    let claim = try CellClaim(line, of: run)
    try claim.guarding { try AtomicFile.write("its own", to: state) }
    #expect(try AtomicFile.read(state) == "its own")
    // While it was stopped, another one has come further.
    try leave(seconds: 0)
    try AtomicFile.write("the other's", to: state)
    let changes: [() throws -> Void] = [
      { try AtomicFile.write("its own", to: state) },
      { [run, line] in try run.dropTrainingState(of: line.cell) },
      { _ = try LineLog(afresh: "\(cell)/steps.jsonl") },
      { _ = try LineFile("\(cell)/log.txt") },
    ]
    for change in changes {
      #expect(throws: RunError.claimLost("modern")) { try claim.guarding(change) }
    }
    #expect(try AtomicFile.read(state) == "the other's")
    let left = try FileManager.default.contentsOfDirectory(atPath: cell).sorted()
    #expect(left == [".claim", ".lock", RunFolder.trainingState])
    // It is about this cell's files alone.
    try claim.guarding { try run.write("", to: "other") }
    #expect(AtomicFile.exists(run.file("other")))
  }

  @Test("a process that was stopped before it wrote the row of a dead one leaves the cell alone")
  func whileIdle() throws {
    try run.whileIdle(line) {
      try leave(seconds: 0)
      try run.write("", to: "cells/\(line.cell)/result.json")
    }
    #expect(!AtomicFile.exists("\(run.cell(line.cell))/result.json"))
    #expect(token == "other")
  }

  @Test("whoever removes a run asks the file system, not this machine, how old a claim is")
  func removal() throws {
    let cell = run.cell(line.cell)
    let old = Date(timeIntervalSince1970: 1e9)
    func written() throws -> Bool {
      try FileManager.default.attributesOfItem(atPath: cell)[.modificationDate] as? Date != old
    }
    try leave(seconds: 25)
    try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: cell)
    #expect(CellClaim.holder(in: cell) != nil)
    #expect(try !written(), "who only looks writes nothing")
    #expect(throws: RunError.self) { try run.checkUnused() }
    // What time it is there is told by a new file.
    #expect(try written())
    #expect(throws: RunError.self) { try run.remove() }
    #expect(AtomicFile.exists(cell))
    try leave(seconds: 35)
    try run.remove()
    #expect(!AtomicFile.exists(run.path))
  }

  @Test("a pipe or a device in the place of a claim or a lock is refused, and not waited for")
  func noRegularFile() throws {
    for (folder, name) in [(run.cell(line.cell), ".claim"), (run.path, ".lock")] {
      let path = "\(folder)/\(name)"
      let refuses = {
        let error = #expect(throws: ResultsError.self) {
          if name == ".lock" { _ = try RunLock(run) } else { _ = try CellClaim(line, of: run) }
        }
        #expect(error?.description == "could not read '\(path)': it is no regular file")
        #expect(CellClaim.holder(in: folder) == nil && !RunLock.isHeld(run))
      }
      #expect(mkfifo(path, 0o600) == 0)
      refuses()
      // Whether somebody is at its other end is no matter.
      let end = open(path, O_RDWR)
      refuses()
      close(end)
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.createSymbolicLink(
        atPath: path, withDestinationPath: "/dev/zero")
      refuses()
      try FileManager.default.removeItem(atPath: path)
    }
    // The lock of a cell, too.
    let lock = "\(run.cell(line.cell))/.lock"
    try FileManager.default.removeItem(atPath: lock)
    #expect(mkfifo(lock, 0o600) == 0)
    #expect(CellClaim.holder(in: run.cell(line.cell)) == nil)
    #expect(throws: ResultsError.self) { try CellClaim(line, of: run) }
    #expect(!AtomicFile.exists(file))
  }

  @Test("who died while taking over is passed over as well")
  func halfTakenOver() throws {
    try leave(seconds: 35)
    let next = "\(file).other.next"
    try "".write(toFile: next, atomically: false, encoding: .utf8)
    #expect(throws: RunError.self) { try CellClaim(line, of: run) }
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -40)], ofItemAtPath: next)
    _ = try CellClaim(line, of: run)
    #expect(!FileManager.default.fileExists(atPath: next))
  }
}

@Suite("the list of a job array's cells")
struct CellListTests {
  private let place: TemporaryFolder

  init() throws { place = try TemporaryFolder() }

  @Test("it is read as it was written, and each task has its share")
  func tasks() throws {
    let entries = (0..<7).map {
      CellList.Entry(
        index: 3 * $0, offset: 100 * $0, label: "a b/\($0)", replaced: $0 == 2 ? "00ff" : nil)
    }
    let path = "\(place.path)/cells.txt"
    try CellList(entries).text.write(toFile: path, atomically: false, encoding: .utf8)
    let list = try CellList(file: path)
    #expect(list.entries == entries)
    #expect(list.cells(of: 1, pack: 3).map(\.index) == [9, 12, 15])
    #expect(list.cells(of: 2, pack: 3).map(\.index) == [18])
    for (task, pack) in [(3, 3), (-1, 3), (.max, 2)] {
      #expect(list.cells(of: task, pack: pack).isEmpty)
    }
    // As earlier versions wrote it.
    try "3 100 a: b\n".write(toFile: path, atomically: false, encoding: .utf8)
    #expect(try CellList(file: path).entries == [.init(index: 3, offset: 100, label: "a: b")])
    for text in ["1\n", "a 2 b\n", "-1 0 b\n", "1 :00ff b\n", "  \n"] {
      try text.write(toFile: path, atomically: false, encoding: .utf8)
      #expect(throws: ResultsError.self) { try CellList(file: path) }
    }
  }

  @Test("a line of the plan is found where it is said to be, and where it is not")
  func planLines() throws {
    let run = try RunFolder.create(in: place.path, experiment: "tiny")
    let lines = (0..<40).map { index in
      var line = PlanLine()
      (line.index, line.cell) = (index, "c\(index)")
      line.label = String(repeating: "x", count: 4000 * (index % 3))
      return line
    }
    try run.write(lines: lines.map(\.json), to: "plan.jsonl")
    var offset = 0
    for line in lines {
      #expect(try run.planLine(line.index, at: offset) == line)
      for wrong in [0, max(0, offset - 1), offset + 1, offset + 5000, 1 << 40] {
        #expect(try run.planLine(line.index, at: wrong) == line, "\(wrong)")
      }
      offset += line.json.line.utf8.count + 1
    }
    #expect(throws: ResultsError.self) { try run.planLine(40, at: 0) }
  }
}
