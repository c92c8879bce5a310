// What RUNEXP_FAILPOINTS says: which point, which file, which passage, and what is refused.

import Records
import Testing

@Suite struct FailpointPlanTests {
  /// The actions at some passages of one plan.
  private func actions(
    _ text: String, _ passages: [(Failpoint, String)]
  ) throws -> [FailpointPlan.Action?] {
    let plan = try FailpointPlan(text)
    return passages.map { plan.action(at: $0, $1) }
  }

  @Test func `a rule acts at its point and its file alone`() throws {
    let passages: [(Failpoint, String)] = [
      (.write, "r/plan.jsonl"), (.rename, "r/run.json"), (.rename, "r/plan.jsonl"),
      (.rename, "r/plan.jsonl"),
    ]
    #expect(try actions("rename:plan.jsonl=kill", passages) == [nil, nil, .kill, .kill])
    #expect(try actions("rename=enospc", passages) == [nil, .enospc, .enospc, .enospc])
    #expect(try actions("*:plan*=print", passages) == [.print, nil, .print, .print])
    #expect(try actions("*=pause", passages) == [.pause, .pause, .pause, .pause])
  }

  @Test func `a number means that passage alone`() throws {
    let passages = (1...4).map { _ in (Failpoint.append, "cells/a-1/steps.jsonl") }
    #expect(try actions("append:steps.jsonl=kill@3", passages) == [nil, nil, .kill, nil])
    #expect(
      try actions("append=pause@2;*=print", passages) == [.print, .pause, .print, .print],
      "of several rules the first that acts counts")
  }

  @Test func `a pattern with a slash is held to the whole path`() throws {
    let passages: [(Failpoint, String)] = [
      (.append, "run/cells/a-1/steps.jsonl"), (.append, "run/cells/b-1/steps.jsonl"),
    ]
    #expect(try actions("append:*/b-*/steps.jsonl=kill", passages) == [nil, .kill])
  }

  @Test func `no rules do nothing`() throws {
    #expect(try actions("", [(.write, "a")]) == [nil])
  }

  @Test(arguments: [
    ("write", "no single '='"), ("renam=kill", "no failpoint; there are"),
    ("=kill", "no failpoint"),
    ("write=die", "no action; there are"), ("write=", "no action"), ("write=kill@0", "from 1 on"),
    ("write=kill@x", "from 1 on"), ("write=kill@-1", "from 1 on"),
    ("write=kill=2", "no single '='"),
  ]) func `what is not understood is quoted`(text: String, problem: String) {
    let error = #expect(throws: ResultsError.self) { try FailpointPlan("append=print;\(text)") }
    #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("in '\(text)'") == true, "\(error?.description ?? "")")
  }
}
