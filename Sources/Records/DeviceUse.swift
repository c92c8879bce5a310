// What the devices of a run were, for run.json: each that its cells asked for, what they got and
// why, with the plugin that it came through.

package import Config

/// What one choice of `device` came to.
package struct DeviceUse: Hashable, Sendable, Record {
  /// The word of the experiment file: `auto`, `cpu` or `cuda`.
  package var requested = ""
  /// The kernels' own name, such as `cpu` or `cuda`.
  package var device = ""
  /// By which runs are held against each other: a GPU's name; of the CPU, which the machine's
  /// record describes, the kernels' name.
  package var name = ""
  /// All that the device says of itself.
  package var summary: String?
  /// Why it was taken, or why the CPU was.
  package var reason: String?
  /// Of a GPU: its number from 0, and all its memory in bytes.
  package var ordinal: Int?
  package var memoryBytes: Int?
  /// The version of its driver; nil where the system does not say.
  package var driver: String?

  package init() {}

  package static var fields: [Field<Self>] {
    [
      Field("requested", \.requested), Field("device", \.device), Field("name", \.name),
      Field("summary", \.summary), Field("reason", \.reason),
      Field("ordinal", \.ordinal, omitsNull: true),
      Field("memory_bytes", \.memoryBytes, omitsNull: true),
      Field("driver", \.driver, omitsNull: true),
    ]
  }

  /// As a row tells it; nil where the row is of no device, as of a cell that did not run.
  package init?(_ row: CellRow) {
    guard let device = row.fact("device")?.text else { return nil }
    self.device = device
    requested = row.fact("device_requested")?.text ?? ""
    name = row.fact("gpu")?.text ?? device
    summary = row.fact("device_summary")?.text
    reason = row.fact("device_reason")?.text
    ordinal = row.fact("gpu_ordinal")?.whole
    memoryBytes = row.fact("gpu_memory_bytes")?.whole
    driver = row.fact("gpu_driver")?.text
  }

  /// What a row holds of it.
  package var facts: [JSON.Member] {
    let all: [(String, JSON)] = [
      ("device_requested", .string(requested)), ("device", .string(device)),
      ("device_reason", .string(reason)), ("device_summary", .string(summary)),
      ("gpu", isGPU ? .string(name) : .null), ("gpu_ordinal", .integer(ordinal)),
      ("gpu_memory_bytes", .integer(memoryBytes)), ("gpu_driver", .string(driver)),
    ]
    return all.filter { $0.1 != .null }.map { JSON.Member($0.0, $0.1) }
  }

  /// Whether it is another device than the machine's own processor.
  package var isGPU: Bool { device != "cpu" }

  /// Why `auto` took the CPU; nil where it did not.
  package var fallback: String? { requested == "auto" && !isGPU ? reason : nil }

  /// For people: what it is, or why the CPU was taken.
  package var text: String {
    if let fallback { return "the CPU, for 'device: auto' found no GPU: \(fallback)" }
    let memory = memoryBytes.map { Metric.peakBytes.text(Double($0)) }
    return [summary ?? name, memory, driver.map { "driver version \($0)" }].compactMap(\.self)
      .joined(separator: ", ")
  }
}

extension StoredRun {
  /// The devices that cells ran on so far, each once.
  package var devices: [DeviceUse] { rows.devices }
}

extension [CellRow] {
  /// What its cells' devices were, each once.
  package var devices: [DeviceUse] {
    // Mostly it is that of the row before.
    mappedByThreads { row, before -> (use: DeviceUse?, isNew: Bool) in
      let use = DeviceUse(row)
      return (use, before.map { $0.use != use } ?? true)
    }.lazy.filter(\.isNew).compactMap(\.use).unique
  }
}

/// The file of a plugin that a run could use.
package struct PluginFile: Equatable, Sendable, Record {
  /// An absolute path, but where it was named otherwise by the environment.
  package var path = ""
  /// The hash of the file; nil where it cannot be read.
  package var sha256: String?

  package init() {}

  package init(path: String, sha256: String?) {
    (self.path, self.sha256) = (path, sha256)
  }

  package static var fields: [Field<Self>] {
    [Field("path", \.path, isRequired: true), Field("sha256", \.sha256)]
  }
}
