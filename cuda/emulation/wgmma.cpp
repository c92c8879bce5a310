// wgmma on the host: a warpgroup's products, computed in their order some time after their issue.
// Their accumulators are kept here meanwhile, and the registers hold something else.
#include "hopper_block.h"

namespace emulation {

namespace {

constexpr uint32_t in_flight = 0x5ff1fe57; // huge but finite: see on_its_way

float value_at(uint32_t address, bool is_e4m3) {
  uint32_t bytes = is_e4m3 ? 1 : 2;
  const unsigned char *at = shared_at(address, bytes, bytes, "wgmma");
  expect_seen(address, bytes, "wgmma");
  if (is_e4m3) return from_e4m3(*at);
  uint16_t bits;
  memcpy(&bits, at, 2);
  return __uint_as_float(uint32_t(bits) << 16);
}

/// An operand of 32 bytes along k as its descriptor says: element (i, k) goes to to[i * row + k *
/// step].
void read_operand(uint64_t descriptor, int count, bool is_mn_major, bool is_e4m3, float *to,
                  int row, int step) {
  auto field = [&](int bit) { return uint32_t(descriptor >> bit & 0x3fff) << 4; };
  uint32_t start = field(0), leading = field(16), stride = field(32);
  uint32_t mode = uint32_t(descriptor >> 62), base = uint32_t(descriptor >> 49 & 7);
  if (mode == 0 || base != 0)
    fault("wgmma: a descriptor without swizzle or with a base offset is not emulated");
  uint32_t width = 256u >> mode, mask = width / 16 - 1; // bytes of a row: 128, 64 or 32
  for (int i = 0; i < count; i++) {
    for (int k = 0; k < (is_e4m3 ? 32 : 16); k++) {
      uint32_t m = uint32_t(i), c = uint32_t(k), per_row = width / 2;
      uint32_t address = start;
      if (is_mn_major)
        address += m / per_row * leading + m % per_row * 2 + c / 8 * stride + c % 8 * width;
      else
        address += m / 8 * stride + m % 8 * width + c * (is_e4m3 ? 1 : 2);
      // The pattern is one of addresses, not of offsets.
      to[i * row + k * step] = value_at(address ^ ((address >> 7 & mask) << 4), is_e4m3);
    }
  }
}

void compute(Product &product) {
  const WarpgroupProduct &call = product.call;
  static float a[64][32], b[32][256]; // one block runs at a time
  int depth = call.is_e4m3 ? 32 : 16;
  if (call.a) {
    for (int thread = 0; thread < 128; thread++) {
      int row = thread / 32 * 16 + thread % 32 / 4, column = thread % 4 * depth / 8;
      for (int part = 0; part < 4; part++) {
        uint32_t bits = product.a[size_t(thread * 4 + part)];
        float *to = &a[row + part % 2 * 8][column + part / 2 * depth / 2];
        if (call.is_e4m3) {
          for (int i = 0; i < 4; i++) to[i] = from_e4m3(uint8_t(bits >> 8 * i));
        } else {
          to[0] = __uint_as_float(bits << 16);
          to[1] = __uint_as_float(bits & 0xffff0000);
        }
      }
    }
  } else {
    read_operand(call.a_descriptor, 64, call.a_is_m_major, call.is_e4m3, a[0], 32, 1);
  }
  read_operand(call.b_descriptor, call.n, call.b_is_n_major, call.is_e4m3, b[0], 1, 256);
  for (int row = 0; row < 64; row++) {
    float sums[256] = {};
    for (int first = 0; first < call.n; first += 64) // so many at once, in vectors
      for (int k = 0; k < depth; k++)
        for (int i = first; i < first + 64; i++) sums[i] += a[row][k] * b[k][i];
    for (int i = 0; i < call.n / 2; i++) { // the 4 threads of a row have 2 of every 8 columns
      int thread = row / 16 * 32 + row % 8 * 4 + i % 4, first = i / 4 * 4 + row / 8 % 2 * 2;
      float *d = product.d->values.data() + thread * call.n / 2 + first;
      for (int j = 0; j < 2; j++)
        d[j] = (call.accumulate ? d[j] : 0) + sums[i / 4 * 8 + i % 4 * 2 + j];
    }
  }
}

void compute_until(Warpgroup &group, int64_t product) {
  for (; group.computed < product && !group.products.empty(); group.computed++) {
    compute(group.products.front());
    group.products.pop_front();
  }
}

/// The accumulators that a warpgroup's threads hand over, which may be in flight already.
std::shared_ptr<Accumulators> take_accumulators(unsigned first, void *const *threads, int n) {
  std::shared_ptr<Accumulators> found;
  for (unsigned i = 0; i < 128; i++) {
    float *d = static_cast<WarpgroupProduct *>(threads[i])->d;
    for (const HeldRegisters &held : hopper.threads[first + i].held) {
      if (held.d != d) continue;
      if (held.n != n || (found && found != held.accumulators) || (!found && i > 0))
        fault("wgmma: accumulators that are in flight are used in another shape");
      found = held.accumulators;
    }
  }
  if (found) return found;
  found = std::make_shared<Accumulators>();
  found->values.reserve(size_t(128 * n / 2));
  for (unsigned i = 0; i < 128; i++) {
    float *d = static_cast<WarpgroupProduct *>(threads[i])->d;
    found->values.insert(found->values.end(), d, d + n / 2);
    for (int j = 0; j < n / 2; j++) memcpy(d + j, &in_flight, 4);
    hopper.threads[first + i].held.push_back({d, n, found});
  }
  return found;
}

/// What the last thread of a warpgroup to come does for all.
void issue_together(void *const *threads) {
  unsigned first = self->number / 128 * 128;
  Warpgroup &group = hopper.warpgroups[first / 128];
  Product product = {*static_cast<WarpgroupProduct *>(threads[0]), {}, nullptr};
  const WarpgroupProduct &call = product.call;
  product.a.reserve(call.a ? 512 : 0);
  for (unsigned i = 0; i < 128; i++) {
    const WarpgroupProduct &other = *static_cast<WarpgroupProduct *>(threads[i]);
    if (other.n != call.n || other.a_descriptor != call.a_descriptor ||
        other.b_descriptor != call.b_descriptor || other.accumulate != call.accumulate ||
        other.b_is_n_major != call.b_is_n_major || other.a_is_m_major != call.a_is_m_major ||
        other.is_e4m3 != call.is_e4m3 || !other.a != !call.a)
      fault("wgmma: the warpgroup does not agree");
    if (!call.a) continue;
    ReadRegisters read = {other.a, {}, group.issued + 1};
    memcpy(read.as_issued, other.a, sizeof read.as_issued);
    hopper.threads[first + i].read.push_back(read);
    product.a.insert(product.a.end(), other.a, other.a + 4);
  }
  product.d = take_accumulators(first, threads, call.n);
  product.d->last_product = ++group.issued;
  group.products.push_back(std::move(product));
  later([index = first / 128, until = group.issued] {
    compute_until(hopper.warpgroups[index], until);
  });
}

} // namespace

uint8_t to_e4m3(float value) {
  if (value != value) return 0x7f;
  uint8_t sign = signbit(value) ? 0x80 : 0;
  float size = fabsf(value);
  if (size >= 448) return sign | 0x7e;
  if (size == 0) return sign;
  int exponent = std::max(ilogbf(size), -6);             // below 2^-6 all are multiples of 2^-9
  int eighths = int(lrintf(ldexpf(size, 3 - exponent))); // of 2^exponent
  // 8 eighths are the next exponent's implicit bit, as they are of subnormal numbers.
  return uint8_t(sign | ((exponent + 6) * 8 + eighths));
}

float from_e4m3(uint8_t bits) {
  static const std::vector<float> numbers = [] {
    std::vector<float> all;
    for (int i = 0; i < 256; i++) {
      int exponent = i >> 3 & 15, fraction = i & 7;
      float size = (i & 0x7f) == 0x7f ? NAN
                   : exponent == 0    ? ldexpf(float(fraction), -9)
                                      : ldexpf(float(8 + fraction), exponent - 10);
      all.push_back(i < 128 ? size : -size);
    }
    return all;
  }();
  return numbers[bits];
}

void issue(WarpgroupProduct product) {
  if (!hopper_block().threads[self->number].has_fenced)
    fault("wgmma: no wgmma.fence since this thread's registers were its own");
  together(self->number / 128 * 128, 128, ~0u, &product, issue_together,
           {"wgmma.mma_async", nullptr, 0});
}

void fence_products() { hopper_block().threads[self->number].has_fenced = true; }

void commit_products() {
  Hopper &block = hopper_block();
  block.threads[self->number].groups.push_back(block.warpgroups[self->number / 128].issued);
}

void wait_for_products(int pending) {
  HopperThread &mine = hopper_block().threads[self->number];
  Warpgroup &group = hopper.warpgroups[self->number / 128];
  mine.has_fenced = false;
  if (mine.groups.size() <= size_t(pending)) return;
  int64_t until = mine.groups[mine.groups.size() - 1 - size_t(pending)];
  wait_until([&] { return group.computed >= until; }, {"wgmma.wait_group", nullptr, 0});
  std::erase_if(mine.read, [&](const ReadRegisters &read) {
    if (read.product > until) return false;
    if (memcmp(read.a, read.as_issued, sizeof read.as_issued) != 0)
      fault("wgmma: registers of A were changed while it was in flight");
    return true;
  });
  std::erase_if(mine.held, [&](const HeldRegisters &held) {
    if (held.accumulators->last_product > until) return false;
    size_t count = size_t(held.n / 2), at = self->number % 128 * count;
    for (size_t i = 0; i < count; i++)
      if (memcmp(held.d + i, &in_flight, 4) != 0)
        fault("wgmma: accumulators were changed while it was in flight");
    memcpy(held.d, held.accumulators->values.data() + at, count * 4);
    return true;
  });
}

} // namespace emulation
