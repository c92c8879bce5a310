// From a declaration to images in memory: lookup, fallback.
// Prints nothing: what the user must be told is in the result.

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
  /// The folder that holds them, an absolute path; nil for images that the program makes.
  package let path: String?
  /// One sentence on why the fallback is used, to be shown loudly and recorded; nil when it is not.
  package let note: String?
  /// What else the user should know, in order: damaged files that were passed over, and the like.
  package let warnings: [String]

  /// What a run's record has of them.
  package var record: RunRecord.Dataset {
    RunRecord.Dataset(
      name: name, sha256: images.sha256,
      bytes: images.train.pixels.count + images.test.pixels.count,
      insteadOf: note == nil ? nil : requested, path: path,
      images: images.train.count + images.test.count)
  }
}

/// Finds or makes the images that an experiment declares.
package struct ImageLoader: Sendable {
  package var locations: DataLocations
  /// What `fashion-mnist` stands for.
  package var fashionMNIST: KnownImages
  /// The images that a run was begun with: each is looked for where it lay then, before anywhere
  /// else.
  var planned: [RunRecord.Dataset] = []
  /// Whether images are refused that are not those that the run was begun with.
  var isPinned = false

  package init(locations: DataLocations, fashionMNIST: KnownImages = .fashionMNIST) {
    (self.locations, self.fashionMNIST) = (locations, fashionMNIST)
  }

  /// Loads the images declared, or their fallback where they cannot be had.
  ///
  /// A fallback stands in for images that are missing, never for ones that are wrong: a file that
  /// is damaged is an error with or without one.
  ///
  /// - Throws: `DataError`, when there are neither the images nor a fallback, or when they are
  ///   pinned and have changed.
  package func load(_ declaration: ImageDeclaration) throws(DataError) -> LoadedImages {
    guard let known = known(declaration) else { return try find(declaration) }
    var wanted = declaration
    if known.insteadOf != nil { wanted.dataset = declaration.fallback ?? declaration.dataset }
    if isPinned || known.insteadOf != nil { wanted.fallback = nil }
    let found = try find(wanted, laying: known.path)
    if isPinned, found.images.sha256 != known.sha256 {
      throw .imagesChanged(name: known.path ?? known.name)
    }
    if known.insteadOf == nil { return found }
    return LoadedImages(
      name: found.name, requested: declaration.dataset.description, images: found.images,
      path: found.path,
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
    _ declaration: ImageDeclaration, laying place: String? = nil
  ) throws(DataError) -> LoadedImages {
    var warnings: [String] = []
    do throws(DataError) {
      return try load(declaration.dataset, &warnings, laying: place)
    } catch {
      guard let fallback = declaration.fallback, error.isAbsence else { throw error }
      let note =
        "using the fallback '\(fallback)': \(error.summary)" + declaration.consequence
      return try load(fallback, &warnings, insteadOf: declaration.dataset, note)
    }
  }

  /// - Parameters:
  ///   - place: where known images lay when the run was begun.
  ///   - requested: what was asked for; nil where this is it.
  ///   - note: why it is not used.
  private func load(
    _ dataset: ImageDataset, _ warnings: inout [String], laying place: String? = nil,
    insteadOf requested: ImageDataset? = nil, _ note: String? = nil
  ) throws(DataError) -> LoadedImages {
    let images: ImageSet
    let path: String?
    var name = dataset.description
    switch dataset {
    case .fashionMNIST:
      let found = try lookUp(fashionMNIST, &warnings, laying: place)
      (path, images) = (found.path, found.images)
    case .syntheticShapes(let shapes): (path, images) = (nil, shapes.images())
    case .folder(let folder):
      let absolute = locations.absolute(folder)
      guard AtomicFile.exists(absolute) else { throw .noImages(path: absolute) }
      do throws(ResultsError) {
        (path, images) = (absolute, try ImageSet.read(absolute))
      } catch {
        throw .wrongImages(problem: error.description)
      }
      // The folder's own name: a result does not tell where its images lay. It is no word for
      // other images.
      name = absolute.split(separator: "/").last.map(String.init) ?? absolute
      if ImageDataset.names.contains(name) { name = "./" + name }
    }
    return LoadedImages(
      name: name, requested: requested?.description ?? name, images: images, path: path, note: note,
      warnings: warnings)
  }

  /// Where known images are looked for: where the user says, where their package puts them, and in
  /// the cache.
  private func places(_ known: KnownImages) -> [DataLocations.Place] {
    let place = DataLocations.Place(origin: known.package, path: known.packageFolder)
    let named = locations.places.prefix { $0.path != locations.cache }
    return Array(named) + [place] + locations.places[named.count...]
  }

  /// The images in the first of these places that has them; files that are others are warned of.
  private func lookUp(
    _ known: KnownImages, _ warnings: inout [String], laying path: String?
  ) throws(DataError) -> (path: String, images: ImageSet) {
    let first = path.map { [DataLocations.Place(origin: "where they lay before", path: $0)] } ?? []
    var tried: Set<String> = []
    for place in first + places(known) {
      for folder in ["\(place.path)/\(known.name)", place.path]
      where tried.insert(folder).inserted {
        guard let files = IDXFolder(folder) else { continue }
        do throws(ResultsError) {
          return (folder, try files.read(classes: known.classes, hashes: known.hashes))
        } catch {
          warnings.append("'\(folder)' (\(place.origin)) is passed over: \(error)")
        }
      }
    }
    throw .imagesMissing(known, lookedIn: places(known))
  }
}

extension ImageDeclaration {
  /// What a note on its fallback ends with.
  fileprivate var consequence: String {
    "; its accuracies do not compare with those on '\(dataset)'"
  }
}
