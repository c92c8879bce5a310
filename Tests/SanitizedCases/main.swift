// Runs every op case on the devices that are named, and compares with the reference: what `make
// sanitize` builds with a sanitizer, for it needs no module above the cases. What `runexp kernels
// --check` says of one device is in Sources/runexp.
//   SanitizedCases DEVICE...    `cpu`, an instruction set of it, or the path of a plugin

import Glibc
import OpCases
import Tensors

/// More threads than a small machine has cores: what must not race is tried all the same.
private let threads = 4

/// The device of this name; nil where the processor lacks the instruction set.
private func device(_ name: String) throws(PluginError) -> Device? {
  if name.contains("/") {
    let place = Plugin.Place(path: name, source: "the command line")
    return try Device(opening: Plugin.load(place), threads: threads)
  }
  if name == "cpu" { return .cpu(threads: threads) }
  guard Device.knownInstructionSets.contains(name) else {
    throw PluginError("'\(name)' is neither an instruction set nor a plugin's path")
  }
  return .cpu(threads: threads, instructionSet: name)
}

private func check(_ names: [String]) throws(PluginError) -> Bool {
  let reference = Device.reference()
  var devices: [(name: String, device: Device, cases: Int)] = []
  for name in names {
    guard let device = try device(name) else {
      print("\(name): this processor has no such instructions")
      continue
    }
    devices.append((name, device, 0))
  }
  var passes = true
  for one in OpCase.checks {
    let able = devices.indices.filter { one.obstacle(on: devices[$0].device) == nil }
    let parities = one.parities(of: able.map { devices[$0].device }, with: reference)
    for (index, parity) in zip(able, parities) {
      devices[index].cases += 1
      if !parity.passes {
        print("\(devices[index].name), \(one): '\(parity.output)' is off by \(parity.error)")
        passes = false
      }
    }
  }
  for (name, _, cases) in devices {
    print("\(name): \(cases) cases")
    if cases == 0 { passes = false }
  }
  return passes
}

do throws(PluginError) {
  exit(try check(Array(CommandLine.arguments.dropFirst())) ? 0 : 1)
} catch {
  print("error: \(error)")
  exit(1)
}
