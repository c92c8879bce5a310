// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]
// What tests time is the program. Optimising the tests themselves takes longer than running them,
// and nothing waits for their modules, which the compiler would otherwise make by a run of its own.
let tests =
  swift + [
    .unsafeFlags(["-Onone", "-no-emit-module-separately-wmo"], .when(configuration: .release))
  ]

let package = Package(
  name: "runexp",
  products: [
    .executable(name: "runexp", targets: ["runexp"]),
    .library(name: "DelayedPlugin", type: .dynamic, targets: ["DelayedPlugin"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(
      name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(name: "CZLIB", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    // Kernels are always optimised: at -O0 a test would train 30 times slower.
    .target(
      name: "CKernels",
      // Products and sums of one expression may become one rounding; what needs more says so where
      // it is.
      cSettings: [
        .unsafeFlags(["-O3", "-ffp-contract=on", "-Wall", "-Wextra", "-Wno-unused-parameter"])
      ],
      linkerSettings: [.linkedLibrary("m"), .linkedLibrary("pthread")]),
    // Optimised in debug builds too: models of many gigabytes are hashed.
    .target(name: "CHash", cSettings: [.unsafeFlags(["-O3", "-Wall", "-Wextra"])]),
    .target(name: "Config", dependencies: ["CYAML"], swiftSettings: swift),
    .target(name: "Tensors", dependencies: ["CKernels"], swiftSettings: swift),
    // The workbench: every operation at odd sizes, for the tests and for `runexp kernels`.
    .target(name: "OpCases", dependencies: ["Tensors", "CKernels"], swiftSettings: swift),
    .target(name: "Models", dependencies: ["Tensors", "Config"], swiftSettings: swift),
    .target(name: "Statistics", swiftSettings: swift),
    .target(
      name: "Records", dependencies: ["Statistics", "Config", "CHash"], swiftSettings: swift),
    .target(
      name: "Tokenizers", dependencies: ["Records", "Config", "CPCRE2"], swiftSettings: swift),
    .target(
      name: "Images", dependencies: ["Records", "Config", "CZLIB", "CPNG"], swiftSettings: swift),
    .target(
      name: "Workloads",
      dependencies: [
        "Tokenizers", "Images", "Records", "Statistics", "Models", "Tensors", "Config",
      ], swiftSettings: swift),
    .target(
      name: "Analysis", dependencies: ["Records", "Statistics", "Config"], swiftSettings: swift),
    .target(
      name: "Experiments",
      dependencies: [
        "Analysis", "Workloads", "Records", "Statistics", "Models", "Tensors", "Config",
      ], swiftSettings: swift),
    .executableTarget(
      name: "runexp",
      dependencies: [
        "Experiments", "Analysis", "Workloads", "Tokenizers", "Records", "Statistics", "Models",
        "OpCases", "Tensors", "Config",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swift),

    // What tests share: a support target for tests of all modules, and one each for those that need
    // a device or a model.
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swift),
    .target(
      name: "TestDevices", dependencies: ["Tensors", "CKernels"], path: "Tests/TestDevices",
      swiftSettings: swift),
    .target(
      name: "TestModels", dependencies: ["Models", "Tensors", "Config"],
      path: "Tests/TestModels", swiftSettings: swift),
    .testTarget(
      name: "ConfigTests", dependencies: ["Config", "TestSupport"], swiftSettings: tests),
    // A plugin that works late, by which the order of calls is tested without a GPU.
    .target(
      name: "DelayedPlugin", dependencies: ["CKernels"], path: "Tests/DelayedPlugin",
      cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Wno-unused-parameter"])]),
    // Every op case on any device, for the sanitizers.
    .executableTarget(
      name: "SanitizedCases", dependencies: ["OpCases", "Tensors"], path: "Tests/SanitizedCases",
      swiftSettings: swift),
    // Files of models with something wrong in them, for tests and for a sanitizer.
    .target(
      name: "MutatedTokenizers", dependencies: ["Tokenizers", "Config", "TestSupport"],
      path: "Tests/MutatedTokenizers", swiftSettings: swift),
    .target(
      name: "MutatedModels",
      dependencies: [
        "Workloads", "Tokenizers", "Tensors", "Config", "MutatedTokenizers", "TestSupport",
      ], path: "Tests/MutatedModels", swiftSettings: swift),
    .target(
      name: "MutatedImages", dependencies: ["Images", "TestSupport"], path: "Tests/MutatedImages",
      swiftSettings: swift),
    .executableTarget(
      name: "SanitizedFiles",
      dependencies: ["MutatedModels", "MutatedTokenizers", "MutatedImages", "TestSupport"],
      path: "Tests/SanitizedFiles", swiftSettings: swift),
    .testTarget(
      name: "TensorsTests", dependencies: ["Tensors", "CKernels", "TestSupport"],
      swiftSettings: swift),
    .testTarget(
      name: "OpCasesTests", dependencies: ["OpCases", "Tensors", "CKernels"],
      swiftSettings: swift),
    .testTarget(
      name: "ModelsTests",
      dependencies: ["Models", "Tensors", "Config", "TestDevices", "TestModels"],
      swiftSettings: swift),
    .testTarget(
      name: "StatisticsTests", dependencies: ["Statistics", "TestSupport"], swiftSettings: tests),
    .testTarget(
      name: "RecordsTests", dependencies: ["Records", "Statistics", "Config", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "TokenizersTests",
      dependencies: ["Tokenizers", "Records", "Config", "MutatedTokenizers", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "ImagesTests",
      dependencies: ["Images", "Records", "Config", "MutatedImages", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "WorkloadsTests",
      dependencies: [
        "Workloads", "Tokenizers", "Images", "Records", "Models", "Tensors", "Config", "TestModels",
        "TestSupport", "MutatedModels", "MutatedTokenizers",
      ], swiftSettings: tests),
    .testTarget(
      name: "AnalysisTests",
      dependencies: ["Analysis", "Records", "Statistics", "Config", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "ExperimentsTests",
      dependencies: [
        "Experiments", "Analysis", "Workloads", "Records", "Statistics", "Models", "Tensors",
        "Config", "TestDevices", "TestSupport",
      ], swiftSettings: tests),
    .testTarget(
      name: "RunexpTests",
      dependencies: [
        "runexp", "Experiments", "Workloads", "Records", "Models", "Tensors", "Config",
        "TestSupport",
      ], swiftSettings: tests),
    .testTarget(
      name: "HouseTests", dependencies: ["Experiments", "Models", "Tensors", "Config"],
      swiftSettings: tests),
  ]
)

// A module is compiled anew where the file of one that its target names has changed, and the
// compiler leaves that file as it was where nothing changed but the size of what it holds of others.
// So each target names all that are below those it names itself, which stand above it here.
extension Target {
  var named: Set<String> {
    Set(
      dependencies.compactMap { dependency in
        if case .byNameItem(let name, _) = dependency { name } else { nil }
      })
  }
}

let targets = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, $0) })
for target in package.targets {
  let below = target.named.compactMap { targets[$0]?.named }.reduce(Set<String>()) { $0.union($1) }
  target.dependencies += below.subtracting(target.named).sorted()
    .filter { targets[$0]?.type != .system }.map { .byName(name: $0) }
}
