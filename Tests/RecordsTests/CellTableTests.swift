// cells.csv and cells.jsonl: columns, missing values, and the way back.

import Config
import Records
import TestSupport
import Testing

@Suite struct CellTableTests {
  private static let metrics: [Metric] = [.valLoss, .peakBytes, .lossSpikes]

  private static func planned() -> [CellRow] {
    let axes = [CellRow.Entry("workload.sequence", 128), CellRow.Entry("precision", "f32")]
    return [
      CellRow(cell: "c-aa", experiment: "e", variant: "modern", seed: 1, axes: axes),
      CellRow(
        cell: "c-bb", experiment: "e", variant: "a,b", seed: 2,
        axes: [CellRow.Entry("model.attention.window", [4096, "none"])], status: .excluded,
        reason: "excluded by the \"matrix\""),
    ]
  }

  private static func table() -> CellTable {
    var table = CellTable(planned(), metrics: metrics)
    var row = table.rows[0]
    row.status = .ok
    row.metrics[.valLoss] = 2
    row.metrics.set(.peakBytes, 1 << 20)
    row.metrics[.trainLoss] = .nan
    row.metrics[.tokens] = 512
    row.setFact("kernel", "flash2")
    table.update(row)
    return table
  }

  @Test func `a table has a row for every planned cell before any has run`() {
    #expect(
      CellTable(Self.planned(), metrics: Self.metrics).csv == """
        cell,identity,experiment,variant,seed,status,reason,nonfinite,workload.sequence,precision,\
        model.attention.window,val_loss,peak_bytes,loss_spikes
        c-aa,,e,modern,1,not_run,,,128,f32,,,,
        c-bb,,e,"a,b",2,excluded,"excluded by the ""matrix""\",,,,"[4096,""none""]",,,

        """)
  }

  @Test func `a finished cell fills its row with reals and whole numbers as they are`() {
    #expect(
      Self.table().csv == """
        cell,identity,experiment,variant,seed,status,reason,nonfinite,workload.sequence,precision,\
        model.attention.window,ran.kernel,val_loss,peak_bytes,loss_spikes,tokens
        c-aa,,e,modern,1,ok,,train_loss=nan,128,f32,,flash2,2.0,1048576,,512
        c-bb,,e,"a,b",2,excluded,"excluded by the ""matrix""\",,,,"[4096,""none""]",,,,,

        """)
  }

  @Test func `the lines have the same columns as the table, with null where it is empty`() throws {
    let table = Self.table()
    let lines = try JSON.lines(reading: table.jsonl)
    #expect(lines.count == 2)
    for line in lines { #expect(line.members.map(\.key) == table.columns) }
    #expect(lines[0]["val_loss"] == .real(2))
    #expect(lines[0]["peak_bytes"] == .integer(1_048_576))
    #expect(lines[0]["loss_spikes"] == .null)
    #expect(lines[1]["model.attention.window"] == "[4096,\"none\"]")
  }

  @Test func `every line of the table has as many fields as the header`() {
    let rows = CSV.rows(reading: Self.table().csv)
    #expect(rows.count == 3)
    #expect(Set(rows.map(\.count)) == [Self.table().columns.count])
  }

  @Test func `rows are read back from the lines`() throws {
    let table = Self.table()
    let rows = try CellTable.rows(reading: table.jsonl)
    #expect(rows[0].status == .ok)
    #expect(rows[0].axes == table.rows[0].axes)
    #expect(rows[0].metrics == table.rows[0].metrics)
    #expect(rows[0].fact("kernel") == "flash2")
    #expect(rows[1].reason == "excluded by the \"matrix\"")
  }

  @Test func `a row survives the way through its result file`() throws {
    for row in Self.table().rows {
      #expect(CellRow(json: try JSON(reading: row.json.document)) == row)
    }
    #expect(CellRow(json: ["cell": "c-1"]) == nil)
    #expect(CellRow(json: ["cell": "1e5", "experiment": "e", "variant": "v", "seed": 1]) == nil)
  }

  @Test func `lines that are no rows are refused`() {
    let error = #expect(throws: JSONError.self) { try CellTable.rows(reading: "{\"a\":1}\n") }
    #expect(error?.problem == "line 1 is not the row of a cell")
  }

  @Test func `a metric of another version keeps its value and its place at the end`() throws {
    var row = Self.planned()[0]
    row.metrics[.valLoss] = 1
    row.metrics[.unlisted("glow")] = 3.5
    let table = CellTable([row], metrics: [.valLoss])
    #expect(table.columns.suffix(2) == ["val_loss", "glow"])
    #expect(try CellTable.rows(reading: table.jsonl) == [row])
  }

  @Test func `updating a cell that was not planned adds a row`() {
    var table = CellTable([], metrics: [])
    table.update(Self.planned()[0])
    #expect(table.rows.count == 1)
  }

  @Test func `both files are written into the run's folder`() throws {
    let folder = try TemporaryFolder()
    let run = try RunFolder.create(in: folder.path, experiment: "e")
    try Self.table().write(to: run)
    #expect(try AtomicFile.read(run.file("cells.csv")) == Self.table().csv)
    #expect(try AtomicFile.read(run.file("cells.jsonl")) == Self.table().jsonl)
  }

  @Test func `what is changed of a row changes no copy of it`() throws {
    let before = Self.table().rows[0]
    let json = before.json
    var after = before
    #expect(after == before)
    after.status = .diverged
    after.reason = "the loss is not finite"
    after.metrics[.valLoss] = 7
    after.setFact("kernel", "naive")
    after.setFact("device", "cpu")
    #expect(before.json == json)
    #expect(after != before)
    #expect(after.metrics[.valLoss] == 7 && before.metrics[.valLoss] == 2)
    #expect(after.fact("kernel") == "naive" && before.fact("kernel") == "flash2")
    var list = [before, before]
    list[1].metrics[.valLoss] = nil
    #expect(list[0] == before && list[1] != before)
  }

  @Test func `a reason is one line without what a terminal obeys`() {
    var row = CellRow(cell: "c", experiment: "x", variant: "v", seed: 1, reason: "a\nb")
    #expect(row.reason == "a b")
    row.reason = "no file\n  note: \u{1B}[31mlook|here\u{0}\r\n\thelp"
    #expect(row.reason == "no file   note: ?[31mlook|here? help")
  }
}
