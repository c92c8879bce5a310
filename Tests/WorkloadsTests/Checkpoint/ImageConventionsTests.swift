// What goes with a model of images beside its weights: how pixels are normalised, and the names of
// its classes, in checkpoints of ours and in folders of timm and transformers.

import Config
import Foundation
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("what goes with a model of images")
struct ImageConventionsTests {
  private static let known = ImageConventions(
    means: [0.25], deviations: [0.5], classes: ["a b", "\u{FC}", "a \"c\""])
  private static let classic = """
    layers: 1
    width: 16
    norm: {type: layernorm, epsilon: 1.0e-6}
    position: learned
    ffn: {type: gelu, bias: true}
    attention: {type: mha, heads: 4, bias: true}
    input: {patch: 2}
    """
  private let device = Device.cpu(threads: 1)

  /// The checkpoint of a model of grey images in three classes.
  private func checkpoint(
    _ lines: String, _ conventions: ImageConventions, in folder: TemporaryFolder
  ) throws -> SavedModel {
    let recorder = Recorder()
    let document = try YAML.parse(bytes: Array(lines.utf8), name: "test")
    let section = Section(root: document.root, recorder: recorder)
    let model = Transformer(
      section, vocabulary: 3, length: 1, image: ImageSize(height: 8, width: 6, channels: 1))
    try #require(recorder.finish().isEmpty)
    model.parameters.materialise(on: device, seed: 3)
    try Checkpoint.save(
      model,
      configuration: CheckpointConfiguration(
        model, section: section.recording.value, vocabulary: nil, conventions: conventions, step: 1,
        seed: 1), to: folder.file("own"))
    return try SavedModel(folder.file("own"))
  }

  @Test("they are kept in checkpoints, and written where other programs look for them")
  func roundTrip() throws {
    for (lines, isTimm) in [(Self.classic, false), (Self.classic + "\nlayer_scale: 0.1", true)] {
      let folder = try TemporaryFolder()
      let saved = try checkpoint(lines, Self.known, in: folder)
      #expect(saved.conventions == Self.known && saved.base.conventions == Self.known)
      let written = folder.file("written")
      try saved.write(try saved.exported(), to: written, on: device)
      #expect(try SavedModel(written).conventions == Self.known)
      let config = try JSON(reading: AtomicFile.read("\(written)/config.json"))
      let names = try folder.names(in: "written")
      #expect(names.contains("preprocessor_config.json") == !isTimm)
      if isTimm {
        let own = try #require(config["pretrained_cfg"])
        #expect(own["mean"] == [0.25] && own["std"] == [0.5])
        #expect(own["input_size"] == [1, 8, 6] && own["crop_pct"] == 1.0)
        #expect(own["interpolation"] == "bilinear" && own["crop_mode"] == "squash")
        #expect(config["label_names"] == ["a b", "\u{FC}", "a \"c\""])
      } else {
        #expect(config["id2label"] == ["0": "a b", "1": "\u{FC}", "2": "a \"c\""])
        #expect(config["label2id"] == ["a b": 0, "\u{FC}": 1, "a \"c\"": 2])
        let processor = try JSON(reading: AtomicFile.read("\(written)/preprocessor_config.json"))
        #expect(processor["image_processor_type"] == "ViTImageProcessor")
        #expect(processor["size"] == ["height": 8, "width": 6])
        #expect(processor["image_mean"] == [0.25] && processor["image_std"] == [0.5])
        #expect(processor["rescale_factor"]?.number == 1.0 / 255)
      }
    }
  }

  @Test("where they are not known nothing is made up")
  func unknown() throws {
    let folder = try TemporaryFolder()
    let saved = try checkpoint(Self.classic, ImageConventions(), in: folder)
    #expect(saved.conventions == ImageConventions())
    try saved.write(try saved.exported(), to: folder.file("written"), on: device)
    #expect(try folder.names(in: "written") == ["config.json", "model.safetensors"])
    let config = try JSON(reading: AtomicFile.read(folder.file("written/config.json")))
    #expect(config["id2label"]?["2"] == "LABEL_2")
    #expect(try SavedModel(folder.file("written")).conventions == ImageConventions())
  }

  @Test("those of other programs are read as they mean them")
  func others() {
    func read(_ preprocessor: JSON) -> ImageConventions {
      ImageConventions(config: [:], preprocessor: preprocessor)
    }
    let plain: JSON = ["image_mean": [0.5, 0.25, 0.5], "image_std": [0.5, 0.5, 0.25]]
    #expect(read(plain).means == [0.5, 0.25, 0.5] && read(plain).deviations == [0.5, 0.5, 0.25])
    // Pixels as they are, from 0 to 255.
    let raw: JSON = ["do_rescale": false, "image_mean": [51], "image_std": [102]]
    #expect(read(raw) == ImageConventions(means: [0.2], deviations: [0.4]))
    let half: JSON = ["rescale_factor": .real(2.0 / 255), "image_mean": [1], "image_std": [1]]
    #expect(read(half) == ImageConventions(means: [0.5], deviations: [0.5]))
    let none = read(["do_normalize": false, "image_mean": [0.5], "image_std": [0.5]])
    #expect(none == ImageConventions(means: [0], deviations: [1]))
    #expect(
      none.ofModel(channels: 3, classes: 2)
        == ImageConventions(means: [0, 0, 0], deviations: [1, 1, 1]))
    let wrong: [JSON] = [
      ["image_mean": [0.5], "image_std": [0]], ["image_mean": [0.5], "image_std": [0.5, 0.5]],
      ["image_mean": ["a"], "image_std": [0.5]], ["rescale_factor": 0, "image_mean": [1]], 7,
    ]
    for one in wrong { #expect(read(one) == ImageConventions(), "\(one.line)") }
    let timm = ImageConventions(
      config: [
        "label_names": ["x", "y"], "pretrained_cfg": ["mean": [0.5], "std": [0.25]],
      ], preprocessor: nil)
    // With timm's defaults for what is not said.
    #expect(
      timm
        == ImageConventions(
          means: [0.5], deviations: [0.25], classes: ["x", "y"],
          preparation: ImagePreparation("bicubic", crop: 0.875, .center)))
    #expect(timm.ofModel(channels: 1, classes: 3).classes.isEmpty)
    let labels = ImageConventions(
      config: ["id2label": ["1": "b", "0": "a"]], preprocessor: nil)
    #expect(labels.classes == ["a", "b"])
  }

  @Test("a file that says how images are prepared and cannot be read is an error")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    let saved = try checkpoint(Self.classic, Self.known, in: folder)
    try saved.write(try saved.exported(), to: folder.file("written"), on: device)
    let place = folder.file("written/preprocessor_config.json")
    try folder.write("{", to: "written/preprocessor_config.json")
    let damaged = problem { _ = try SavedModel(folder.file("written")) }
    #expect(damaged.hasPrefix("could not read '\(place)': "), "\(damaged)")
    try FileManager.default.removeItem(atPath: place)
    #expect(mkfifo(place, 0o600) == 0)
    let pipe = problem { _ = try SavedModel(folder.file("written")) }
    #expect(pipe == "could not read '\(place)': it is no regular file")
  }

  // MARK: How images are brought to their size

  /// What is written of a model that was read.
  private func exported(_ path: String, in folder: TemporaryFolder) throws -> (JSON, JSON?) {
    let saved = try SavedModel(path)
    let written = folder.file("written")
    try saved.write(try saved.exported(), to: written, on: device)
    let preprocessor = "\(written)/preprocessor_config.json"
    let config = try JSON(reading: AtomicFile.read("\(written)/config.json"))
    guard AtomicFile.exists(preprocessor) else { return (config, nil) }
    return (config, try JSON(reading: AtomicFile.read(preprocessor)))
  }

  @Test(
    "what a file of timm says of images is what is written of it",
    arguments: ImageFamilyFixture.names.filter { $0.hasPrefix("timm-") || $0.hasPrefix("eva02") })
  func timmSurvives(name: String) throws {
    let folder = try TemporaryFolder()
    let fixture = try ImageFamilyFixture(name)
    try fixture.write(to: folder.file("first"))
    let stored = try #require(fixture.config["pretrained_cfg"])
    let (config, _) = try exported(folder.file("first"), in: folder)
    let own = try #require(config["pretrained_cfg"])
    for key in ["interpolation", "crop_pct", "crop_mode", "mean", "std"] {
      #expect(own[key] == stored[key] && own[key] != nil, "\(key)")
    }
    let size = fixture.images.size
    #expect(
      own["input_size"] == [.integer(size.channels), .integer(size.height), .integer(size.width)])
    let again = try SavedModel(folder.file("written")).conventions
    #expect(try again == SavedModel(folder.file("first")).conventions)
  }

  @Test("of a model of timm that is written for transformers, that says the same")
  func timmForTransformers() throws {
    let fixture = try ImageFamilyFixture("timm")
    // Images of 12 pixels, 0.9 of what they are scaled to.
    let cases: [([JSON.Member], JSON)] = [
      (
        [],
        [
          "do_resize": true, "size": ["shortest_edge": 13], "resample": 3, "do_center_crop": true,
          "crop_size": ["height": 12, "width": 12], "image_mean": [0.5, 0.5, 0.5],
        ]
      ),
      (
        [.init("crop_mode", "squash"), .init("interpolation", "lanczos")],
        ["size": ["height": 13, "width": 13], "resample": 1, "do_center_crop": true]
      ),
      (
        [.init("crop_mode", "squash"), .init("crop_pct", 1.0)],
        ["size": ["height": 12, "width": 12], "resample": 3]
      ),
      // It cannot fill up images.
      ([.init("crop_mode", "border")], ["do_resize": false]),
    ]
    for (members, expected) in cases {
      let folder = try TemporaryFolder()
      let own = fixture.config["pretrained_cfg"]?.members ?? []
      let changed = own.filter { member in !members.contains { $0.key == member.key } } + members
      let config = fixture.config.members.map {
        $0.key == "pretrained_cfg" ? JSON.Member($0.key, .object(changed)) : $0
      }
      try fixture.write(to: folder.file("first"), config: .object(config))
      let (_, found) = try exported(folder.file("first"), in: folder)
      let file = try #require(found)
      for member in expected.members {
        #expect(file[member.key] == member.value, "\(file.line)")
      }
      let isCropped = file["do_center_crop"] == true
      #expect(isCropped == (expected["do_center_crop"] == true), "\(file.line)")
      // Read and written once more it stays.
      let again = try SavedModel(folder.file("written"))
      let second = try again.exported().preprocessor(
        again.conventions, try #require(again.image))
      #expect(second == file)
    }
  }

  @Test("what transformers says of images is read as it means it")
  func transformersPreparation() {
    func read(_ file: JSON) -> ImagePreparation? {
      ImageConventions(config: [:], preprocessor: file).preparation
    }
    #expect(read([:]) == .whole)
    #expect(read(["size": 224, "resample": 3]) == ImagePreparation("bicubic", crop: 1, .squash))
    #expect(read(["size": ["height": 8, "width": 6]]) == .whole)
    let center: JSON = [
      "size": ["shortest_edge": 256], "crop_size": 224, "do_center_crop": true, "resample": 0,
    ]
    #expect(read(center) == ImagePreparation("nearest", crop: 0.875, .center))
    let squash: JSON = [
      "size": ["height": 16, "width": 12], "crop_size": ["height": 8, "width": 6],
      "do_center_crop": true,
    ]
    #expect(read(squash) == ImagePreparation("bilinear", crop: 0.5, .squash))
    let unknown: [JSON] = [
      ["do_resize": false], ["resample": 6], ["resample": -1], ["size": ["shortest_edge": 256]],
      ["do_center_crop": true, "size": 224], ["do_center_crop": true, "size": 224, "crop_size": 0],
      ["do_center_crop": true, "size": 8, "crop_size": 9],
      ["do_center_crop": true, "size": .integer(Int.max), "crop_size": .integer(Int.max)],
      [
        "do_center_crop": true, "size": 16,
        "crop_size": ["height": 8, "width": .integer(Int.max)],
      ],
      [
        "do_center_crop": true, "size": ["shortest_edge": 16],
        "crop_size": ["height": 8, "width": 6],
      ],
      [
        "do_center_crop": true, "size": ["height": 16, "width": 13],
        "crop_size": ["height": 8, "width": 6],
      ],
    ]
    for file in unknown { #expect(read(file) == nil, "\(file.line)") }
  }
}
