// The doctor on GPUs: the plugin, each device that it finds, and what either of them needs where it
// is missing.

internal import Config
import Records
internal import Tensors

extension Doctor {
  /// The plugin; then each GPU, or what is in the way of one.
  package var gpus: [Check] {
    let place = DeviceFinder(options, environment: environment).plugin
    let values = [
      JSON.Member("path", .string(place.path)), JSON.Member("named_by", .string(place.source)),
    ]
    do throws(PluginError) {
      let table = try Plugin.load(place)
      return [Check("plugin", .ok, place.path, values: values)] + devices(of: table)
    } catch {
      let plugin = Check(
        "plugin", place.source == nil ? .note : .problem, error.description,
        advice: place.source.map { "leave \($0) out to run on the CPU" }
          ?? "experiments run on the CPU without it",
        values: values)
      return [plugin, unreachable(by: place)]
    }
  }

  /// The devices of a plugin in their order; and the one that is asked for, where it is not one of
  /// them.
  private func devices(of table: UnsafePointer<KernelTable>) -> [Check] {
    let count = Device.count(in: table)
    let ordinals = Array(0..<count) + (options.gpu < count ? [] : [options.gpu])
    return ordinals.map { device($0, of: table) }
  }

  private func device(_ ordinal: Int, of table: UnsafePointer<KernelTable>) -> Check {
    let version = driver.map { "driver version \($0.version)" }
    do throws(PluginError) {
      let device = try Device(opening: table, ordinal: ordinal)
      let (summary, memory) = (device.summary, device.memoryNow)
      if let failure = device.failure {
        throw PluginError("the device '\(device.name)' failed: \(failure)")
      }
      let (free, total) = memory
      func size(_ bytes: Int) -> String { Metric.peakBytes.text(Double(bytes)) }
      let parts = [summary, version, "\(size(free)) free of \(size(total))"]
      return Check(
        "GPU", .ok, parts.compactMap(\.self).joined(separator: ", "),
        values: [
          JSON.Member("ordinal", .integer(ordinal)), JSON.Member("name", .string(device.hardware)),
          JSON.Member("device", .string(summary)),
          JSON.Member("driver", .string(driver?.version)),
          JSON.Member("memory_bytes", .integer(total)), JSON.Member("free_bytes", .integer(free)),
        ])
    } catch {
      return missing(
        error.description, ordinal == options.gpu ? optionsForGPU : [],
        need: version.map { "\($0) is loaded" })
    }
  }

  /// What the system shows of GPUs that no plugin can be asked for.
  private func unreachable(by plugin: Plugin.Place) -> Check {
    let option = options.gpu > 0 ? ["--gpu"] : []
    // Where a named plugin does not work nothing runs, and its own line says so.
    func missing(_ text: String, _ options: [String], need: String) -> Check {
      plugin.source != nil && options.isEmpty
        ? Check("GPU", .note, text, advice: need) : self.missing(text, options, need: need)
    }
    let prefix = options.gpu > 0 ? "--gpu \(options.gpu) cannot be had without a plugin; " : ""
    guard let driver else {
      return missing(
        prefix + "no NVIDIA driver is loaded", option,
        need: "a GPU must be an NVIDIA one of the Ampere generation or newer, with a driver of the "
          + "\(NVIDIADriver.oldestSeries) series or newer")
    }
    let names = driver.gpus.isEmpty ? "no GPU" : driver.gpus.joined(separator: ", ")
    let text = "\(prefix)\(names), driver version \(driver.version)"
    if driver.isTooOld {
      return missing(
        text + ", which is too old", option,
        need: "the plugin needs one of the \(NVIDIADriver.oldestSeries) series or newer")
    }
    return missing(
      text, option,
      need: driver.gpus.isEmpty
        ? "nvidia-smi says which GPUs there should be" : "the plugin is needed to use it")
  }

  /// The options that ask for a GPU.
  ///
  /// A variable is set for all programs alike, so it asks for none.
  private var optionsForGPU: [String] {
    (options.plugin == nil ? [] : ["--plugin"]) + (options.gpu > 0 ? ["--gpu"] : [])
  }

  /// A GPU that is not there: a problem where options ask for it.
  private func missing(_ text: String, _ options: [String], need: String?) -> Check {
    let way =
      options.isEmpty
      ? "experiments run on the CPU"
      : "leave \(options.joined(separator: " and ")) out to run on the CPU"
    return Check(
      "GPU", options.isEmpty ? .note : .problem, text,
      advice: [need, way].compactMap(\.self).joined(separator: "; "))
  }
}
