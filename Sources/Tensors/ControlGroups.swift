// ControlGroups: the control groups that bound this process (cgroups, versions 1 and 2, also both
// at once): its own and all those above it, as far as they can be seen from here.

/// The control groups of this process.
struct ControlGroups {
  /// One level of a hierarchy.
  private struct Group {
    /// Its path in the hierarchy, such as `/user/job`.
    let path: String
    /// Where its files are.
    let folder: String
  }

  /// Where a hierarchy is mounted.
  private struct Mount {
    let isUnified: Bool
    /// Controllers of version 1, among other options.
    let options: [Substring]
    /// The group that is found at the mount point.
    let root: [Substring]
    let point: String
  }

  private let root: String
  /// Controllers and the group's path; version 2 names no controllers.
  private let memberships: [(controllers: [Substring], path: [Substring])]
  private let mounts: [Mount]

  /// - Parameter root: where the system's files are found.
  init(root: String) {
    self.root = root
    memberships = SystemFile.lines("\(root)/proc/self/cgroup").compactMap { line in
      // 4:cpu,cpuacct:/user/job, or 0::/user/job
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return nil }
      return (parts[1].split(separator: ","), parts[2].split(separator: "/"))
    }
    mounts = SystemFile.lines("\(root)/proc/self/mountinfo").compactMap(Self.mount)
  }

  // 31 23 0:28 /root /mount/point rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
  private static func mount(_ line: String) -> Mount? {
    let fields = line.split(separator: " ")
    guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3,
      ["cgroup", "cgroup2"].contains(fields[dash + 1])
    else { return nil }
    return Mount(
      isUnified: fields[dash + 1] == "cgroup2", options: fields[dash + 3].split(separator: ","),
      root: unescaped(fields[3]).split(separator: "/"), point: unescaped(fields[4]))
  }

  /// A path of mountinfo, in which blanks are written as `\040`.
  private static func unescaped(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"),
        let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The groups that bound a controller: this process's own first, those above it after.
  ///
  /// - Parameter controller: of version 1; nil for version 2.
  private func groups(_ controller: Substring?) -> [Group] {
    func isOurs(_ names: [Substring]) -> Bool { controller.map(names.contains) ?? names.isEmpty }
    guard let path = memberships.first(where: { isOurs($0.controllers) })?.path else { return [] }
    let candidates = mounts.filter { mount in
      controller.map { !mount.isUnified && mount.options.contains($0) } ?? mount.isUnified
    }
    let reaching = candidates.filter { path.starts(with: $0.root) }
    // The mount that shows the most levels.
    guard let mount = reaching.min(by: { $0.root.count < $1.root.count }) ?? candidates.first else {
      return []
    }
    var below = path.starts(with: mount.root) ? path.dropFirst(mount.root.count) : []
    // A group outside of what is mounted here, as some containers have it, cannot be looked up: the
    // topmost one that can stands for it.
    if below.contains("..") { below = [] }
    return (0...below.count).reversed().map { depth in
      let inner = below.prefix(depth).map { "/" + $0 }.joined()
      let above = mount.root.map { "/" + $0 }.joined()
      let path = above + inner
      return Group(path: path.isEmpty ? "/" : path, folder: root + mount.point + inner)
    }
  }

  /// Processors' worth of time that each group grants.
  var quotas: [ProcessLimits.Limit<Double>] {
    groups(nil).compactMap { group in
      // 150000 100000, or max 100000
      let numbers = line(group, "cpu.max")?.split(separator: " ").compactMap { Double($0) } ?? []
      return numbers.count == 2 ? quota(numbers[0], numbers[1], group) : nil
    }
      + groups("cpu").compactMap { group in
        guard let quota = line(group, "cpu.cfs_quota_us").flatMap(Double.init),
          let period = line(group, "cpu.cfs_period_us").flatMap(Double.init)
        else { return nil }
        return self.quota(quota, period, group)
      }
  }

  private func quota(
    _ quota: Double, _ period: Double, _ group: Group
  ) -> ProcessLimits.Limit<Double>? {
    // -1 is none.
    quota > 0 && period > 0 ? .init(quota / period, "cgroup quota of \(group.path)") : nil
  }

  /// Bytes that each group may hold.
  var memoryLimits: [ProcessLimits.Limit<Int>] {
    // Above memory.high nothing is refused, but everything is slowed down until it fits.
    let files: [(Substring?, String)] = [
      (nil, "memory.max"), (nil, "memory.high"), ("memory", "memory.limit_in_bytes"),
    ]
    return files.flatMap { controller, file in
      groups(controller).compactMap { group in
        guard let bytes = line(group, file).flatMap(Int.init), bytes < Self.unlimited else {
          return nil
        }
        return .init(bytes, "cgroup limit of \(group.path) (\(file))")
      }
    }
  }

  /// Version 1 writes its largest number, rounded down to a page, where there is no limit.
  private static let unlimited = 1 << 62

  private func line(_ group: Group, _ file: String) -> String? {
    SystemFile.lines("\(group.folder)/\(file)").first
  }
}
