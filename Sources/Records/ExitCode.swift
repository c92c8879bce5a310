// ExitCode: what the program's exit codes mean.

/// The program's exit codes.
package enum ExitCode {
  package static let ok: Int32 = 0
  /// An internal error, or one of the environment.
  package static let failure: Int32 = 1
  /// What was looked for was found: a regression (diff), other bits (replay), a prediction that was off (summary).
  package static let found: Int32 = 2
  /// The run ended, but not every cell is ok.
  package static let someCellsFailed: Int32 = 3
  /// Not comparable: the conditions are not those of the run that was to be compared or gone on with.
  package static let notComparable: Int32 = 5
  /// A worker could not write its results (EX_IOERR).
  package static let couldNotWrite: Int32 = 74
  /// Another process runs the cell, or cells of the run, so that it is not complete yet (EX_TEMPFAIL).
  package static let busy: Int32 = 75
  /// The experiment file is invalid (EX_CONFIG).
  package static let invalidFile: Int32 = 78
}
