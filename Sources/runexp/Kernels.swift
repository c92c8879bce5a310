import ArgumentParser
struct Kernels: ParsableCommand { func run() throws {} }
