// The doctor on what is installed: texts, images, libraries, results folder, calibration.

internal import Config
internal import Foundation
import Records
import Workloads

extension Doctor {
  /// Each text that can be downloaded: where it lies, and whether it is what it should be.
  private var texts: [Check] {
    [RemoteText.tinyShakespeare].flatMap { text -> [Check] in
      var checks: [Check] = []
      for place in locations.places {
        for file in text.files {
          let path = "\(place.path)/\(file)"
          if let check = check(path, text) { checks.append(check) }
        }
      }
      if checks.contains(where: { $0.state == .ok }) { return checks }
      let places = locations.places.map(\.path).joined(separator: ", ")
      return checks
        + [absent(text.name, but: checks, lookedIn: places, bytes: text.bytes)]
    }
  }

  /// What experiments read that can be downloaded.
  var data: [Check] { texts + images }

  /// The images that can be downloaded: where they lie, and what lies in their place.
  private var images: [Check] {
    func damaged(_ sentences: [String]) -> [Check] {
      sentences.map {
        Check(
          "data", .note, $0,
          advice: "replace the file, or delete all four, to be rid of the warning")
      }
    }
    let known = KnownImages.fashionMNIST
    var loader = DatasetLoader(
      locations: locations, download: Download(environment: environment)
    )
    loader.isOnlyPlanning = true
    do throws(DataError) {
      let found = try loader.images.load(ImageDeclaration(.fashionMNIST))
      let path = found.path ?? ""
      let check = Check(
        "data", .ok, "\(known.name): \(path), sha256 ok",
        values: [JSON.Member("name", .string(known.name)), JSON.Member("path", .string(path))])
      return damaged(found.warnings) + [check]
    } catch {
      let places = loader.images.places(known).map(\.path).joined(separator: ", ")
      let checks = damaged(error.passedOver)
      return checks + [absent(known.name, but: checks, lookedIn: places, bytes: known.bytes)]
    }
  }

  /// - Parameter damaged: what lies there and cannot be used.
  private func absent(
    _ name: String, but damaged: [Check], lookedIn places: String, bytes: Int
  ) -> Check {
    Check(
      "data", .note,
      "\(name) is \(damaged.isEmpty ? "not" : "nowhere else") on this machine "
        + "(looked in \(places))",
      advice: locations.offline
        ? "offline: put it into one of them, or let experiments use their fallback"
        : "the first run that needs it downloads \(bytes) bytes")
  }

  private func check(_ path: String, _ text: RemoteText) -> Check? {
    let bytes: [UInt8]
    do {
      bytes = try TextFile.read(path)
    } catch {
      if error.isAbsent { return nil }
      return Check("data", .note, "'\(path)' cannot be used: \(error.reason)")
    }
    let hash = SHA256.hex(bytes)
    let isRight = hash == text.sha256
    return Check(
      "data", isRight ? .ok : .note,
      isRight
        ? "\(text.name): \(path), sha256 ok"
        : "'\(path)' is not \(text.name): its sha256 is \(hash)",
      advice: isRight ? nil : "it is passed over; delete it to be rid of the warning",
      values: [
        JSON.Member("name", .string(text.name)), JSON.Member("path", .string(path)),
        JSON.Member("bytes", .integer(bytes.count)), JSON.Member("sha256", .string(hash)),
      ])
  }

  var libraries: Check {
    let folders = (environment["PATH"] ?? "").split(separator: ":")
    let curl = folders.map { String($0) + "/curl" }.first { access($0, X_OK) == 0 }
    return Check(
      "libraries", curl == nil ? .note : .ok,
      "libyaml \(YAML.libraryVersion), " + (curl ?? "no curl"),
      advice: curl == nil ? "install curl, or nothing can be downloaded" : nil,
      values: [
        JSON.Member("libyaml", .string(YAML.libraryVersion)), JSON.Member("curl", .string(curl)),
      ])
  }

  /// Whether results can be written, and how much room there is.
  var results: Check {
    let path = options.results
    var existing = locations.absolute(path)
    while !AtomicFile.exists(existing), existing != "/" {
      existing = AtomicFile.folder(of: existing)
    }
    var status = stat()
    let isFolder = stat(existing, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    guard isFolder, access(existing, W_OK | X_OK) == 0 else {
      let cause = isFolder ? "it may not be written to" : "it is not a folder"
      return Check(
        "results", .problem, "'\(existing)': \(cause)",
        advice: "--results names another folder", values: [JSON.Member("path", .string(path))])
    }
    var room = statvfs()
    let free = statvfs(existing, &room) == 0 ? Int(room.f_bavail) * Int(room.f_frsize) : nil
    let state: Check.State =
      (free ?? .max) < 1 << 20 ? .problem : (free ?? .max) < 1 << 30 ? .note : .ok
    return Check(
      "results", state,
      "'\(path)' can be written"
        + (free.map { ", \(Metric.peakBytes.text(Double($0))) free" } ?? ""),
      advice: state == .ok ? nil : "make room: checkpoints take four bytes per parameter",
      values: [
        JSON.Member("path", .string(path)), JSON.Member("free_bytes", .integer(free)),
      ])
  }

  /// How old the measured noise floor is, and whether it is this machine's.
  func calibration(_ host: HostRecord) -> Check {
    let advice = "'runexp calibrate' measures how much equal runs differ here; diff uses it"
    guard let path = Calibration.path(environment: environment), AtomicFile.exists(path) else {
      return Check("calibration", .note, "none of this machine", advice: advice)
    }
    guard let calibration = Calibration.load(environment: environment) else {
      return Check("calibration", .note, "'\(path)' cannot be read", advice: advice)
    }
    let age = calibration.age(now: now)
    let values = [
      JSON.Member("path", .string(path)), JSON.Member("calibration", calibration.json),
    ]
    guard calibration.isOf(host) else {
      return Check(
        "calibration", .note,
        "measured \(age), of another machine (\(calibration.host.cpu ?? "?"))",
        advice: advice, values: values)
    }
    return Check(
      "calibration", .ok, "measured \(age) with \(calibration.runs) runs: \(path)", values: values)
  }
}
