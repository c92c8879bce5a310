// Looks at everything that running an experiment depends on, and says what is in its way.

package import Config
internal import Foundation
package import Records
import Statistics
internal import Tensors
import Workloads

/// An examination of this machine and this installation.
package struct Doctor: Sendable {
  let options: RunOptions
  let program: ProgramVersion
  let environment: [String: String]
  let locations: DataLocations
  /// Seconds since 1970.
  let now: Double
  /// That of the system; nil where none is loaded.
  let driver: NVIDIADriver?

  /// - Parameters:
  ///   - options: threads, plugin, data and results folders, as a run would be given them.
  ///   - now: seconds since 1970.
  ///   - driver: what the system shows of NVIDIA GPUs.
  package init(
    _ options: RunOptions, program: ProgramVersion, environment: [String: String], now: Double,
    driver: NVIDIADriver? = NVIDIADriver()
  ) {
    self.options = options
    self.program = program
    self.environment = environment
    self.now = now
    self.driver = driver
    locations = DataLocations(
      dataDirectory: options.dataDirectory, offline: options.offline, environment: environment,
      baseDirectory: FileManager.default.currentDirectoryPath)
  }

  /// Everything, in about a second; the measured peaks are kept in the cache.
  package func examine() -> [Check] {
    let load = HostLoad.measure()
    let limits = ProcessLimits.read()
    let device = Device.cpu(threads: options.threads)
    let host = HostRecord.read(isa: device.summary, limits)
    let rates = HostRates(host, device, now: now)
    return [version] + machine(host, limits, threads: device.threads)
      + [loadCheck(load, cores: host.logicalCores)]
      + rates.checks + [keep(rates.measured, isDisturbed: load.disturbs)].compactMap(\.self)
      + gpus + data + [libraries, results, calibration(host)]
  }

  private var version: Check {
    Check(
      "program", .ok, "runexp \(program.version)" + (program.commit.map { ", commit \($0)" } ?? ""),
      values: [
        JSON.Member("version", .string(program.version)),
        JSON.Member("commit", .string(program.commit)),
      ])
  }

  private func loadCheck(_ load: HostLoad, cores: Int) -> Check {
    Check(
      "load", load.disturbs ? .note : .ok, load.text(cores: cores),
      advice: load.disturbs
        ? "times taken now are disturbed; losses and memory are not" : nil,
      values: [
        JSON.Member("busy", .real(load.busy)), JSON.Member("stolen", .real(load.stolen)),
        JSON.Member("load_average", .real(load.oneMinute)),
      ])
  }

  /// Writes what was measured for predictions; a note only where that fails.
  private func keep(_ measured: MeasuredHost, isDisturbed: Bool) -> Check? {
    guard let cache = locations.cache else {
      return Check(
        "cache", .note, "there is no cache folder: neither XDG_CACHE_HOME nor HOME is set",
        advice: "without it the measured peaks and downloads are not kept")
    }
    // What a busy machine reaches is no peak: a better measurement of the same machine stays.
    if isDisturbed, let known = MeasuredHost.load(cache: cache), known.isSameHost(as: measured),
      known.peakF32FlopsPerSecond > measured.peakF32FlopsPerSecond
    {
      return Check(
        "cache", .note,
        "\(MeasuredHost.path(cache: cache)) keeps the higher peak that was measured "
          + "\(Timestamp.age(now - known.time.secondsSince1970)) ago")
    }
    do {
      try measured.save(cache: cache)
      return nil
    } catch {
      return Check(
        "cache", .note, "the measured peaks are not kept: \(error)",
        advice: "XDG_CACHE_HOME names another folder")
    }
  }
}

// One thing that was looked at, and what it means for the user.

/// The outcome of one check of the machine or of the installation.
package struct Check: Equatable, Sendable {
  package enum State: String, Sendable {
    case ok
    /// It works, but something should be known or could be better.
    case note
    /// Nothing can run before this is put right.
    case problem
  }

  /// What was looked at, in a word or two.
  package let name: String
  package let state: State
  package let text: String
  /// What to do about it; nil where nothing is to be done.
  package let advice: String?
  /// The figures in base units, for programs.
  package let values: JSON

  init(
    _ name: String, _ state: State, _ text: String, advice: String? = nil,
    values: [JSON.Member] = []
  ) {
    self.name = name
    self.state = state
    self.text = text
    self.advice = advice
    self.values = .object(values)
  }

  package var json: JSON {
    [
      "name": .string(name), "state": .string(state.rawValue), "text": .string(text),
      "advice": .string(advice), "values": values,
    ]
  }
}

extension [Check] {
  /// A line for each check, what to do below it.
  package var text: String {
    let width = map { DisplayWidth.of($0.name) }.max() ?? 0
    return map { check in
      let state = check.state.rawValue
      let margin = String(repeating: " ", count: 9)
      let gap = String(repeating: " ", count: width - DisplayWidth.of(check.name) + 2)
      let line =
        state + margin.dropFirst(state.count) + check.name + gap + check.text + "\n"
      let indent = margin + String(repeating: " ", count: width + 2)
      return line + (check.advice.map { "\(indent)-> \($0)\n" } ?? "")
    }.joined()
  }

  /// Whether nothing keeps experiments from running.
  package var canRun: Bool { allSatisfy { $0.state != .problem } }
}
