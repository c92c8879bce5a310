// The limits of this process beside the description of the machine.

package import Records
package import Tensors

extension HostRecord {
  /// Reads the machine's description, with what this process may use of it.
  package static func read(
    isa: String, _ limits: ProcessLimits, root: String = ""
  ) -> HostRecord {
    var host = read(isa: isa, root: root)
    if let source = limits.cpus.source {
      host.cpuLimit = limits.cpus.value
      host.cpuLimitedBy = source
    }
    if let memory = limits.memory, let source = memory.source {
      host.memoryLimitBytes = memory.value
      host.memoryLimitedBy = source
    }
    return host
  }
}
