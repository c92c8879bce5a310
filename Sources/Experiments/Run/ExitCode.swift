// ExitCode: what the program's exit codes mean.

/// The program's exit codes.
package enum ExitCode {
  package static let ok: Int32 = 0
  /// An internal error, or one of the environment.
  package static let failure: Int32 = 1
  /// The run ended, but not every cell is ok.
  package static let someCellsFailed: Int32 = 3
  /// The experiment file is invalid (EX_CONFIG).
  package static let invalidFile: Int32 = 78
}
