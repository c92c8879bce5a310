// mbarriers, bulk copies and registers that change hands, on the host. wgmma is in wgmma.cpp.
#include "hopper_block.h"

namespace emulation {

Hopper hopper;

Hopper &hopper_block() {
  if (hopper.block != blocks_so_far) {
    hopper = Hopper();
    hopper.block = blocks_so_far;
    hopper.threads.resize(threads_in_block());
    hopper.warpgroups.resize(threads_in_block() / 128);
    // What a kernel with a bound for its threads has at first: all there are, shared out.
    hopper.registers_each = int(65536 / threads_in_block() / 8 * 8);
    if (hopper.registers_each > 255) hopper.registers_each = 255;
    hopper.seen.assign(shared_bytes, 0xff); // as shared memory begins
  }
  return hopper;
}

// Proxies. Threads' stores are not watched, but what they have changed is found by comparing.

void fence_proxies() { memcpy(hopper_block().seen.data(), shared_memory, shared_bytes); }

// mbarriers.

namespace {

/// 64 bits of which kernels know nothing. Shared memory begins filled with ones.
struct Mbarrier {
  int64_t bytes : 22;      // expected and not landed; below 0 while more have landed
  uint64_t missing : 20;   // arrivals
  uint64_t arrivals : 20;  // of each phase
  uint64_t parity : 1;     // of the current phase
  uint64_t is_unknown : 1; // 0 from its init on
};
static_assert(sizeof(Mbarrier) == 8, "as large as a GPU's");

Mbarrier *mbarrier_at(uint32_t address, const char *instruction) {
  Mbarrier *found = reinterpret_cast<Mbarrier *>(shared_at(address, 8, 8, instruction));
  if (found->is_unknown) fault("%s: the mbarrier at %u is not initialised", instruction, address);
  return found;
}

void complete_if_due(Mbarrier *m) {
  if (m->missing > 0 || m->bytes != 0) return;
  m->parity ^= 1;
  m->missing = m->arrivals;
}

/// Bytes land, on behalf of no thread.
void complete_tx(uint32_t address, uint32_t bytes) {
  Mbarrier *m = mbarrier_at(address, "complete_tx");
  m->bytes -= int64_t(bytes);
  complete_if_due(m);
}

void expect_known(uint32_t mbarrier, const char *instruction) {
  mbarrier_at(mbarrier, instruction);
  if (hopper_block().unfenced.count(mbarrier))
    fault("%s: no fence.mbarrier_init since the mbarrier at %u was initialised", instruction,
          mbarrier);
}

} // namespace

void init(uint32_t mbarrier, uint32_t arrivals) {
  if (arrivals == 0 || arrivals >= 1 << 20) fault("mbarrier.init: %u arrivals", arrivals);
  Mbarrier *m = reinterpret_cast<Mbarrier *>(shared_at(mbarrier, 8, 8, "mbarrier.init"));
  *m = {0, arrivals, arrivals, 0, 0};
  hopper_block().unfenced[mbarrier] = self->number;
}

void fence_init() {
  auto &unfenced = hopper_block().unfenced;
  for (auto at = unfenced.begin(); at != unfenced.end();)
    at = at->second == self->number ? unfenced.erase(at) : std::next(at);
}

void arrive(uint32_t mbarrier, uint32_t expected_bytes, const char *instruction) {
  Mbarrier *m = mbarrier_at(mbarrier, instruction);
  if (m->missing == 0) fault("%s: nobody is missing at the mbarrier at %u", instruction, mbarrier);
  if (m->bytes + expected_bytes >= 1 << 20)
    fault("%s: an mbarrier counts less than 2^20 bytes", instruction);
  m->bytes += expected_bytes;
  m->missing--;
  complete_if_due(m);
}

void wait_parity(uint32_t mbarrier, uint32_t parity) {
  const char *name = "mbarrier.try_wait.parity";
  mbarrier_at(mbarrier, name);
  if (parity > 1) fault("%s: the parity is %u", name, parity);
  wait_until([=] { return mbarrier_at(mbarrier, name)->parity != parity; }, {name, nullptr, 0});
}

// Bulk copies.

namespace {

/// What memory holds until a copy lands there: numbers that are huge but finite, since kernels may
/// do rows again that are not.
constexpr int on_its_way = 0x5f;

/// Bytes come to shared memory by a bulk copy; `zeros` more follow them.
void bring(uint32_t to, const void *from, size_t bytes, size_t zeros = 0) {
  for (unsigned char *memory : {shared_memory + to, hopper_block().seen.data() + to}) {
    if (bytes > 0) memcpy(memory, from, bytes);
    if (zeros > 0) memset(memory + bytes, 0, zeros);
  }
}

void bring_nothing_yet(uint32_t to, size_t bytes) {
  memset(shared_memory + to, on_its_way, bytes);
  memset(hopper_block().seen.data() + to, on_its_way, bytes);
}

/// Where 16-byte pieces of a box go: the bits of the address that count rows of 128 bytes are added
/// to those that count the pieces of a row, as many of them as the mode says.
uint32_t swizzled(uint32_t address, int mode) {
  uint32_t mask = mode == CU_TENSOR_MAP_SWIZZLE_NONE ? 0 : (1u << mode) - 1;
  return address ^ ((address >> 7 & mask) << 4);
}

/// Calls `move` for each run of 16 bytes of a box: where it lies in shared memory, where in global
/// memory, and how many of its bytes lie in the tensor.
template <typename Move>
void for_pieces(const CUtensorMap &map, const int *at, uint32_t shared, const Move &move) {
  uint32_t in_piece = 16u / map.element_bytes, pieces = map.box[0] / in_piece, rows = 1;
  for (int i = 1; i < map.rank; i++) rows *= map.box[i];
  for (uint32_t row = 0; row < rows; row++) {
    unsigned char *from = map.data;
    uint32_t rest = row;
    for (int i = 1; i < map.rank; i++) {
      int64_t place = at[i] + int64_t(rest % map.box[i]);
      rest /= map.box[i];
      if (place < 0 || uint64_t(place) >= map.size[i])
        from = nullptr;
      else if (from)
        from += uint64_t(place) * map.stride[i - 1];
    }
    for (uint32_t piece = 0; piece < pieces; piece++) {
      int64_t column = at[0] + int64_t(piece * in_piece);
      int64_t inside = from && column >= 0 ? int64_t(map.size[0]) - column : 0;
      inside = std::min<int64_t>(inside, in_piece) * map.element_bytes;
      move(swizzled(shared + (row * pieces + piece) * 16, map.swizzle),
           inside > 0 ? from + column * map.element_bytes : nullptr,
           size_t(std::max<int64_t>(inside, 0)));
    }
  }
}

uint32_t box_bytes(const CUtensorMap &map) {
  uint32_t bytes = map.element_bytes;
  for (int i = 0; i < map.rank; i++) bytes *= map.box[i];
  return bytes;
}

void expect_box(uint32_t shared, const CUtensorMap &map, int rank, const char *name) {
  if (map.rank != rank) fault("%s: the tensor map has %d dimensions, not %d", name, map.rank, rank);
  shared_at(shared, box_bytes(map), 128, name);
}

} // namespace

void load_box(uint32_t to, const CUtensorMap &map, const int *at, int rank, uint32_t mbarrier) {
  const char *name = "cp.async.bulk.tensor";
  expect_box(to, map, rank, name);
  expect_known(mbarrier, name);
  bring_nothing_yet(to, box_bytes(map));
  std::vector<int> place(at, at + rank);
  later([=, map = map] {
    for_pieces(map, place.data(), to, [](uint32_t shared, unsigned char *global, size_t bytes) {
      bring(shared, global, bytes, 16 - bytes);
    });
    complete_tx(mbarrier, box_bytes(map));
  });
}

void load_bytes(uint32_t to, const void *from, uint32_t bytes, uint32_t mbarrier) {
  const char *name = "cp.async.bulk";
  shared_at(to, bytes, 16, name);
  bring_nothing_yet(to, bytes);
  expect_known(mbarrier, name);
  if (bytes % 16 != 0 || reinterpret_cast<uintptr_t>(from) % 16 != 0)
    fault("%s: bytes or the global address are no multiple of 16", name);
  later([=] {
    bring(to, from, bytes);
    complete_tx(mbarrier, bytes);
  });
}

void store_box(const CUtensorMap &map, const int *at, int rank, uint32_t from) {
  const char *name = "cp.async.bulk.tensor (a store)";
  expect_box(from, map, rank, name);
  HopperThread &mine = hopper_block().threads[self->number];
  expect_seen(from, box_bytes(map), name);
  std::vector<int> place(at, at + rank);
  auto is_done = std::make_shared<bool>(false);
  auto store = [=, map = map] {
    if (*is_done) return;
    *is_done = true;
    for_pieces(map, place.data(), from, [](uint32_t shared, unsigned char *global, size_t bytes) {
      if (bytes > 0) memcpy(global, shared_memory + shared, bytes);
    });
  };
  mine.stores.push_back({store, mine.store_groups});
  later(store);
}

void commit_stores() { hopper_block().threads[self->number].store_groups++; }

void wait_for_stores(int pending) {
  HopperThread &mine = hopper_block().threads[self->number];
  while (!mine.stores.empty() && mine.stores.front().second < mine.store_groups - pending) {
    mine.stores.front().first();
    mine.stores.pop_front();
  }
}

// Registers.

void set_registers(int registers, bool more) {
  const char *name = more ? "setmaxnreg.inc" : "setmaxnreg.dec";
  unsigned first = self->number / 128 * 128;
  int before = hopper_block().warpgroups[first / 128].registers;
  if (before == 0) before = hopper.registers_each;
  if (registers % 8 != 0 || registers < 24 || registers > 256 || (registers > before) != more)
    fault("%s: %d registers, from %d", name, registers, before);
  auto agree = [](void *const *all) {
    for (int i = 1; i < 128; i++)
      if (*static_cast<int *>(all[i]) != *static_cast<int *>(all[0]))
        fault("setmaxnreg: the warpgroup does not agree");
  };
  together(first, 128, ~0u, &registers, agree, {name, nullptr, 0});
  if (self->number != first) return; // one counts for all
  int wanted = (registers - before) * 128;
  wait_until([=] { return hopper.registers_free >= wanted; }, {name, nullptr, 0});
  hopper.registers_free -= wanted;
  hopper.warpgroups[first / 128].registers = registers;
}

} // namespace emulation

// Tensor maps.

CUresult cuTensorMapEncodeTiled(CUtensorMap *map, CUtensorMapDataType type, cuuint32_t rank,
                                void *data, const cuuint64_t *size, const cuuint64_t *strides,
                                const cuuint32_t *box, const cuuint32_t *element_strides,
                                CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle,
                                CUtensorMapL2promotion, CUtensorMapFloatOOBfill fill) {
  uint32_t bytes = type == CU_TENSOR_MAP_DATA_TYPE_UINT8 ? 1 : 2;
  bool holds =
      (type == CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 || bytes == 1) && rank >= 1 && rank <= 5 &&
      reinterpret_cast<uintptr_t>(data) % 16 == 0 && reinterpret_cast<uintptr_t>(map) % 64 == 0 &&
      interleave == CU_TENSOR_MAP_INTERLEAVE_NONE && fill == CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE;
  for (cuuint32_t i = 0; holds && i < rank; i++) {
    holds &= size[i] > 0 && size[i] <= uint64_t(1) << 32 && box[i] > 0 && box[i] <= 256 &&
             element_strides[i] == 1;
    if (i > 0) holds &= strides[i - 1] % 16 == 0 && strides[i - 1] < uint64_t(1) << 40;
  }
  // A box's rows are whole pieces, within the span that is shuffled.
  if (holds) holds = box[0] * bytes % 16 == 0 && (swizzle == 0 || box[0] * bytes <= 16u << swizzle);
  if (!holds) return CUDA_ERROR_INVALID_VALUE;
  *map = {};
  map->data = static_cast<unsigned char *>(data);
  map->rank = uint16_t(rank);
  map->swizzle = uint16_t(swizzle);
  map->element_bytes = uint16_t(bytes);
  for (cuuint32_t i = 0; i < rank; i++) {
    map->size[i] = size[i];
    map->box[i] = box[i];
    if (i > 0) map->stride[i - 1] = strides[i - 1];
  }
  return CUDA_SUCCESS;
}

cudaError_t cudaGetDriverEntryPointByVersion(const char *symbol, void **function, unsigned version,
                                             unsigned long long,
                                             cudaDriverEntryPointQueryResult *result) {
  bool is_known = strcmp(symbol, "cuTensorMapEncodeTiled") == 0 && version >= 12000;
  *function = is_known ? reinterpret_cast<void *>(&cuTensorMapEncodeTiled) : nullptr;
  if (result) *result = cudaDriverEntryPointSuccess;
  return is_known ? cudaSuccess : cudaErrorInvalidValue;
}
