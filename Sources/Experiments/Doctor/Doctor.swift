// Looks at everything that running an experiment depends on, and says what is in its way.

import Config
internal import Foundation
package import Records
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

  /// - Parameters:
  ///   - options: threads, plugin, data and results folders, as a run would be given them.
  ///   - now: seconds since 1970.
  package init(
    _ options: RunOptions, program: ProgramVersion, environment: [String: String], now: Double
  ) {
    self.options = options
    self.program = program
    self.environment = environment
    self.now = now
    locations = DataLocations(
      dataDirectory: options.dataDirectory, offline: options.offline, environment: environment,
      baseDirectory: FileManager.default.currentDirectoryPath)
  }

  /// Everything, in about a second; the measured peaks are kept in the cache.
  package func examine() -> [Finding] {
    let load = HostLoad.measure()
    let limits = ProcessLimits.read()
    let device = Device.cpu(threads: options.threads)
    let host = HostRecord.read(isa: device.summary, limits)
    let rates = HostRates(host, device, now: now)
    return [version] + machine(host, limits, threads: device.threads)
      + [loadFinding(load, cores: host.logicalCores)]
      + rates.findings + [keep(rates.measured, isDisturbed: load.disturbs)].compactMap(\.self)
      + [plugin] + data + [libraries, results, calibration(host)]
  }

  private var version: Finding {
    Finding(
      "program", .ok, "runexp \(program.version)" + (program.commit.map { ", commit \($0)" } ?? ""),
      values: [
        JSON.Member("version", .string(program.version)),
        JSON.Member("commit", .string(program.commit)),
      ])
  }

  private func loadFinding(_ load: HostLoad, cores: Int) -> Finding {
    func percent(_ share: Double?) -> String {
      share.map { Metric.peakPercent.text($0 * 100) } ?? "?"
    }
    var text = "other programs use \(percent(load.busy)) of all cores"
    if load.stolen ?? 0 > 0.02 { text += ", other machines took \(percent(load.stolen))" }
    text += load.oneMinute.map { "; load average \($0) on \(cores) cores" } ?? ""
    return Finding(
      "load", load.disturbs ? .note : .ok, text,
      advice: load.disturbs
        ? "times taken now are disturbed; losses and memory are not" : nil,
      values: [
        JSON.Member("busy", .real(load.busy)), JSON.Member("stolen", .real(load.stolen)),
        JSON.Member("load_average", .real(load.oneMinute)),
      ])
  }

  /// Writes what was measured for predictions; a finding only where that fails.
  private func keep(_ measured: MeasuredHost, isDisturbed: Bool) -> Finding? {
    guard let cache = locations.cache else {
      return Finding(
        "cache", .note, "there is no cache folder: neither XDG_CACHE_HOME nor HOME is set",
        advice: "without it the measured peaks and downloads are not kept")
    }
    // What a busy machine reaches is no peak: a better measurement of the same machine stays.
    if isDisturbed, let known = MeasuredHost.load(cache: cache), known.isSameHost(as: measured),
      known.peakF32FlopsPerSecond > measured.peakF32FlopsPerSecond
    {
      return Finding(
        "cache", .note,
        "\(MeasuredHost.path(cache: cache)) keeps the higher peak that was measured "
          + "\(Timestamp.age(now - known.time.secondsSince1970)) ago")
    }
    do {
      try measured.save(cache: cache)
      return nil
    } catch {
      return Finding(
        "cache", .note, "the measured peaks are not kept: \(error)",
        advice: "XDG_CACHE_HOME names another folder")
    }
  }
}
