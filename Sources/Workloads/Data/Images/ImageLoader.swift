// From a declaration to images in memory: lookup, download, fallback.
// Prints nothing: what the user must be told is in the result.

internal import Glibc
package import Images
package import Records

/// Images that are ready to use: where they came from, and what the user must be told.
package struct LoadedImages: Sendable, Equatable {
  /// The images that are used: the word that names them in an experiment file, or their folder's
  /// name.
  package let name: String
  /// The images that were asked for; differs from `name` when the fallback is used.
  package let requested: String
  package let images: ImageSet
  /// Where they came from; a file's path is that of the folder that holds them.
  package let source: LoadedText.Source
  /// One sentence on why the fallback is used, to be shown loudly and recorded; nil when it is not.
  package let note: String?
  /// What else the user should know, in order: damaged files that were passed over, and the like.
  package let warnings: [String]

  /// How many are held out.
  package var heldOut: Int { images.test.count }

  /// The folder that holds them and can be read again, an absolute path.
  package var path: String? { source.path }

  /// What a run's record has of them.
  package var record: RunRecord.Dataset {
    RunRecord.Dataset(
      name: name, sha256: images.sha256,
      bytes: images.train.pixels.count + images.test.pixels.count,
      insteadOf: note == nil ? nil : requested, path: path,
      images: images.train.count + images.test.count)
  }
}

/// Finds, downloads or makes the images that an experiment declares.
package struct ImageLoader: Sendable {
  package var locations: DataLocations
  package var download: Download
  /// Whether only to look what is there: then neither the network nor a fallback stands in for what
  /// is missing.
  var isOnlyPlanning = false
  /// What `fashion-mnist` stands for.
  package var fashionMNIST: KnownImages
  /// The images that a run was begun with: each is looked for where it lay then, before anywhere
  /// else.
  var planned: [RunRecord.Dataset] = []
  /// Whether images are refused that are not those that the run was begun with.
  var isPinned = false

  package init(
    locations: DataLocations, download: Download, fashionMNIST: KnownImages = .fashionMNIST
  ) {
    (self.locations, self.download, self.fashionMNIST) = (locations, download, fashionMNIST)
  }

  /// Loads the images declared, or their fallback where they cannot be had.
  ///
  /// A fallback stands in for images that are missing, never for ones that are wrong: a file that
  /// is damaged is an error with or without one.
  ///
  /// - Parameter progress: called while downloading.
  /// - Throws: `DataError`, when there are neither the images nor a fallback, or when they are
  ///   pinned and have changed.
  package func load(
    _ declaration: ImageDeclaration, progress: Download.Progress? = nil
  ) throws(DataError) -> LoadedImages {
    guard let known = known(declaration) else {
      return try find(declaration, progress: progress)
    }
    var wanted = declaration
    if known.insteadOf != nil { wanted.dataset = declaration.fallback ?? declaration.dataset }
    if isPinned || known.insteadOf != nil { wanted.fallback = nil }
    let found = try find(wanted, laying: known.path, progress: progress)
    if isPinned, found.images.sha256 != known.sha256 {
      throw .imagesChanged(name: known.path ?? known.name)
    }
    if known.insteadOf == nil { return found }
    return LoadedImages(
      name: found.name, requested: declaration.dataset.description, images: found.images,
      source: found.source,
      note: "using the fallback '\(found.name)', as the run did from its beginning"
        + declaration.consequence, warnings: found.warnings)
  }

  /// The images that a run was begun with for this declaration; nil where it had none.
  package func known(_ declaration: ImageDeclaration) -> RunRecord.Dataset? {
    planned.first { images in
      guard let insteadOf = images.insteadOf else {
        return isRecord(images, of: declaration.dataset)
      }
      return insteadOf == declaration.dataset.description
        && declaration.fallback.map { isRecord(images, of: $0) } == true
    }
  }

  private func isRecord(_ images: RunRecord.Dataset, of dataset: ImageDataset) -> Bool {
    switch dataset {
    case .folder(let folder): images.path == locations.absolute(folder)
    case .fashionMNIST, .syntheticShapes: images.name == dataset.description
    }
  }

  /// - Parameter place: where known images lay when the run was begun; it is looked at first.
  private func find(
    _ declaration: ImageDeclaration, laying place: String? = nil, progress: Download.Progress?
  ) throws(DataError) -> LoadedImages {
    var warnings: [String] = []
    do throws(DataError) {
      return try load(declaration.dataset, &warnings, laying: place, progress: progress)
    } catch {
      guard let fallback = declaration.fallback, error.isAbsence else { throw error }
      let note =
        "using the fallback '\(fallback)': \(error.summary)" + declaration.consequence
      return try load(
        fallback, &warnings, insteadOf: declaration.dataset, note, progress: progress)
    }
  }

  /// - Parameters:
  ///   - place: where known images lay when the run was begun.
  ///   - requested: what was asked for; nil where this is it.
  ///   - note: why it is not used.
  private func load(
    _ dataset: ImageDataset, _ warnings: inout [String], laying place: String? = nil,
    insteadOf requested: ImageDataset? = nil, _ note: String? = nil, progress: Download.Progress?
  ) throws(DataError) -> LoadedImages {
    let images: ImageSet
    let source: LoadedText.Source
    var name = dataset.description
    switch dataset {
    case .fashionMNIST:
      if let found = lookUp(fashionMNIST, &warnings, laying: place) {
        (source, images) = found
      } else {
        (source, images) = try fetch(fashionMNIST, &warnings, progress)
      }
    case .syntheticShapes(let shapes): (source, images) = (.builtIn, shapes.images())
    case .folder(let folder):
      let absolute = locations.absolute(folder)
      guard AtomicFile.exists(absolute) else { throw .noImages(path: absolute) }
      do throws(ResultsError) {
        (source, images) = (.file(path: absolute), try ImageSet.read(absolute))
      } catch {
        throw .wrongImages(problem: error.description)
      }
      // The folder's own name: a result does not tell where its images lay. It is no word for
      // other images.
      name = absolute.split(separator: "/").last.map(String.init) ?? absolute
      name =
        ImageDataset.names.contains(name)
        ? "./" + name : TypeInference.kept(name, behind: "./")
    }
    return LoadedImages(
      name: name, requested: requested?.description ?? name, images: images, source: source,
      note: note, warnings: warnings)
  }

  /// Where known images are looked for: where the user says, where their package puts them, and in
  /// the cache.
  package func places(_ known: KnownImages) -> [DataLocations.Place] {
    let place = DataLocations.Place(origin: known.package, path: known.packageFolder)
    let named = locations.places.prefix { $0.path != locations.cache }
    return Array(named) + [place] + locations.places[named.count...]
  }

  /// The images in the first of these places that has them; files that are others are warned of.
  private func lookUp(
    _ known: KnownImages, _ warnings: inout [String], laying path: String?
  ) -> (source: LoadedText.Source, images: ImageSet)? {
    let first = path.map { [DataLocations.Place(origin: "where they lay before", path: $0)] } ?? []
    var tried: Set<String> = []
    for place in first + places(known) {
      for folder in ["\(place.path)/\(known.name)", place.path]
      where tried.insert(folder).inserted {
        guard let files = IDXFolder(folder) else { continue }
        do throws(ResultsError) {
          let images = try files.read(classes: known.classes, hashes: known.hashes)
          return (.file(path: folder), images)
        } catch {
          warnings.append("'\(folder)' (\(place.origin)) is passed over: \(error)")
        }
      }
    }
    return nil
  }
}

// Downloads: all four files are verified before any of them is written.

extension ImageLoader {
  /// Downloads known images and keeps them in the cache.
  private func fetch(
    _ known: KnownImages, _ warnings: inout [String], _ progress: Download.Progress?
  ) throws(DataError) -> (source: LoadedText.Source, images: ImageSet) {
    let folder = locations.cache.map { "\($0)/\(known.name)" }
    var contents: [IDXFolder.Part: [UInt8]] = [:]
    do throws(DownloadFailure) {
      if locations.offline { throw .offline }
      if isOnlyPlanning { throw .onlyPlanned }
      var done = 0
      for part in IDXFolder.Part.allCases {
        guard let file = known.files[part] else { continue }
        let before = done
        contents[part] = try download.fetch(known.remoteFile(part, file)) { received, _ in
          progress?(before + received, known.bytes)
        }
        done += file.bytes
      }
    } catch {
      let search = DataSearch(places: places(known), passedOver: warnings)
      throw .imagesMissing(known, lookedIn: search, error, putAt: folder)
    }
    let images: ImageSet
    do throws(ResultsError) {
      images = try IDXFolder(contents, from: known.address).read(classes: known.classes)
    } catch {
      throw .wrongImages(problem: error.description)
    }
    let kept = keep(contents, in: folder, &warnings)
    return (.downloaded(address: known.address, path: kept), images)
  }

  /// Puts verified files into the cache; where that fails the run goes on without.
  ///
  /// The images to train on, by which a folder is taken for one of these, come last.
  private func keep(
    _ contents: [IDXFolder.Part: [UInt8]], in folder: String?, _ warnings: inout [String]
  ) -> String? {
    guard let folder else {
      warnings.append(DatasetLoader.noCache)
      return nil
    }
    for part in IDXFolder.Part.allCases.reversed() {
      guard let bytes = contents[part] else { continue }
      let path = "\(folder)/\(part.packedName)"
      // A damaged one that is not packed would be read before it.
      for name in part.names where name != part.packedName { unlink("\(folder)/\(name)") }
      do throws(TextFile.Failure) {
        try TextFile.write(bytes, to: path)
      } catch {
        warnings.append(DatasetLoader.notKept(path, error.reason))
        return nil
      }
    }
    return folder
  }
}

extension ImageDeclaration {
  /// What a note on its fallback ends with.
  fileprivate var consequence: String {
    "; its accuracies do not compare with those on '\(dataset)'"
  }
}
