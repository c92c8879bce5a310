// runexp sweep: runs an experiment file over axes that the command line names.

import ArgumentParser
import Config
import Experiments

struct Sweep: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run an experiment file over axes in plain words.",
    discussion: HelpPage(
      """
      Runs every combination of the values. It is 'run' with --vary before each word, and takes \
      the same options. Ranges are 128..8192*2 (each twice the one before), 1..10 and 0..100+10.
      """,
      examples: [
        (
          "runexp sweep norms.yaml workload.sequence=128..1024*2 model.layers=2,4", "8 combinations"
        ),
        ("runexp sweep norms.yaml --zip 'model.width=64,128 model.layers=2,4'", "2 steps, not 4"),
        ("runexp sweep norms.yaml model.layers=1..8 --where 'layers % 3 != 0'", "some of them"),
      ],
      exits: [
        .ok, .failure("nothing could be run: no data, no place for results"), .someCellsFailed,
        .changed, .invalidFile, .interrupted,
      ]
    ).text)

  @OptionGroup var file: FileOptions
  @Argument(
    help: ArgumentHelp(
      "Axes, such as workload.sequence=128,256 or model.layers=1..4.", valueName: "path=v1,v2"),
    completion: .paths)
  var axes: [String] = []
  @OptionGroup var device: DeviceOptions
  @OptionGroup var limits: LimitOptions
  @OptionGroup var output: RunOutputOptions

  func validate() throws {
    guard axes.isEmpty, file.vary.isEmpty, file.zip.isEmpty, file.seeds == nil else { return }
    let file = Wording.shellWord(file.experiment)
    throw ValidationError(
      "a sweep needs an axis, such as 'runexp sweep \(file) workload.sequence=128,256' (--vary "
        + "before each means the same); 'runexp run \(file)' runs the file as it is")
  }

  func run() throws { try output.run(file.load(axes: axes), device, limits) }
}
