// SlurmScript: the scripts that Slurm runs: an array of tasks, and the job that collects what they
// leave.

import Config
package import Records

/// What a person says of the jobs that Slurm itself understands.
package struct SlurmRequest: Sendable {
  package var partition: String?
  package var account: String?
  package var constraint: String?
  /// Most tasks of an array that run at once.
  package var parallel: Int?

  package init() {}

  /// The lines for both kinds of job.
  fileprivate var lines: [String] {
    [partition.map { "--partition=\($0)" }, account.map { "--account=\($0)" }].compactMap(\.self)
  }
}

/// One hand-off of a run's cells to Slurm.
package struct SlurmScript: Sendable {
  private let run: RunFolder
  private let program: String
  /// Where scripts, lists and logs lie.
  private let folder: String
  private let needs: TaskNeeds
  private let request: SlurmRequest

  /// - Parameters:
  ///   - program: the path of this program.
  ///   - folder: where scripts, lists and logs lie.
  package init(
    _ run: RunFolder, program: String, folder: String, _ needs: TaskNeeds, _ request: SlurmRequest
  ) {
    self.run = run
    self.program = program
    self.folder = folder
    self.needs = needs
    self.request = request
  }

  /// Seconds before the end of its time at which a task is warned: three minutes, of a short one a
  /// third, for Slurm warns a task at once whose time is shorter.
  private var warning: Int { max(1, min(180, Int(needs.time / 3))) }

  /// Seconds of its time after which a task's warning may say that its time is over; nil of a time
  /// so short that Slurm's could come at once.
  ///
  /// Slurm may send it a minute early, and the script begins a little after the task.
  private var earliestWarning: Int? {
    let seconds = needs.minutes * 60 - warning - 90
    return seconds > 0 ? seconds : nil
  }

  /// The script of an array.
  ///
  /// - Parameters:
  ///   - list: the file of its cells.
  ///   - tasks: how many tasks there are.
  package func array(list: String, cells: Int, tasks: Int) -> String {
    let width = request.parallel.map { "%\($0)" } ?? ""
    var lines =
      [
        "--job-name=\(run.experiment)", "--array=0-\(tasks - 1)\(width)", "--nodes=1", "--ntasks=1",
        "--cpus-per-task=\(needs.cpus)", "--mem=\(megabytes(needs.memory))",
        "--time=\(needs.minutes)",
      ] + request.lines
    request.constraint.map { lines.append("--constraint=\($0)") }
    if needs.gpus > 0 { lines.append("--gpus=\(needs.gpus)") }
    if needs.measuresTime { lines.append("--exclusive") }
    lines += ["--requeue", "--open-mode=append"]
    if earliestWarning != nil { lines.append("--signal=B:USR1@\(warning)") }
    lines.append(output("%A_%a.log"))
    let (cellNoun, packed) = (
      cells == 1 ? "cell" : "cells", needs.pack > 1 ? "\(needs.pack) cells" : "one cell"
    )
    return head("\(cells) \(cellNoun) of the run below, \(packed) a task.", lines) + """

      index=${SLURM_ARRAY_TASK_ID:?is set by Slurm}

      # USR1 comes before the task's time is over, TERM where it is cancelled or must make room:
      # the cell then writes a checkpoint and ends with code 75. Of USR1 a cell that has nothing to
      # go on from has timed out, so one that comes sooner, at preemption or from a person, is
      # passed on as TERM.
      late=\(earliestWarning ?? needs.minutes * 60) # seconds
      stopped='' worker=''
      stop() {
        stopped=$1
        if [ "$stopped" = USR1 ] && [ "$SECONDS" -lt "$late" ]; then stopped=TERM; fi
        [ -z "$worker" ] || kill -s "$stopped" "$worker" 2> /dev/null
      }
      trap 'stop USR1' USR1
      trap 'stop TERM' TERM

      "$program" cell "$run" --list \(Wording.shellWord(list)) --pack \(needs.pack) \\
        --index "$index" --quiet &
      worker=$!
      [ -z "$stopped" ] || stop "$stopped" # it came before there was a worker

      # A signal would end a wait that lasts, and bash can lose the code of a worker that ends at the
      # same moment. So signals are heard between two naps, and who is waited for has ended.
      while kill -0 "$worker"; do sleep 0.5; done 2> /dev/null
      wait "$worker"
      code=$?

      # A worker that was only just starting died of a signal, which may be an earlier one than the
      # last, and has done nothing yet.
      case "$stopped $code" in ?*" 138" | ?*" 143") code=75 ;; esac

      # Queued again, unless it is being cancelled: then it is not running any more. By the number of
      # the task, for that of its job may be the whole array's.
      task="${SLURM_ARRAY_JOB_ID}_$index"
      if [ "$code" = 75 ] && [ -n "$stopped" ]; then
        if ! command -v scontrol > /dev/null; then
          echo "no scontrol here: not queued again; 'runexp emit slurm $run' hands off what is left" >&2
        elif scontrol show job -o "$task" | grep -q ' JobState=RUNNING '; then
          scontrol requeue "$task"
        fi
      fi
      exit "$code"

      """
  }

  /// The script of the job that makes the tables when arrays have ended.
  package var collection: String {
    head(
      "Makes tables, summary and report of the run below from what its cells have left.",
      [
        "--job-name=\(run.experiment)-collect", "--nodes=1", "--ntasks=1", "--cpus-per-task=1",
        "--mem=\(megabytes(needs.collectionMemory))", "--time=30",
      ] + request.lines + ["--open-mode=append", output("collect-%j.log")]) + """

        "$program" collect "$run" --report
        code=$?
        # Cells that failed are in the tables; the collection itself is done.
        [ "$code" = 3 ] && code=0
        exit "$code"

        """
  }

  private func head(_ purpose: String, _ lines: [String]) -> String {
    """
    #!/bin/bash
    # \(purpose) Written by 'runexp emit slurm'.
    \(lines.map { "#SBATCH \($0)" }.joined(separator: "\n"))

    program=\(Wording.shellWord(program))
    run=\(Wording.shellWord(run.path))

    """
  }

  /// Quoted as sbatch takes it, with nothing that it would replace but what is meant; a path with a
  /// `\` is refused, for with one it would replace nothing at all.
  private func output(_ name: String) -> String {
    let path = folder.replacing("%", with: "%%").replacing("\"", with: "\\\"")
    return "--output=\"\(path)/\(name)\""
  }

  private func megabytes(_ bytes: Int) -> String { "\(bytes >> 20)M" }
}
