// What the instructions of ptx_hopper.cuh do, on the host. Their functions' contracts are there.
//
// What is asynchronous is late, early or at some time between, as the order of threads says
// (block.h): TMA lands and wgmma reads shared memory by `later`, and accumulators hold something
// else until their wait. Who touches what is in flight is told so.
#ifndef RUNEXP_EMULATION_PTX_HOPPER_H
#define RUNEXP_EMULATION_PTX_HOPPER_H

#include "builtins.h"

namespace emulation {

/// A product as a warpgroup's threads ask for it.
struct WarpgroupProduct {
  float *d;
  const uint32_t *a; // 4 registers; null: a lies where its descriptor says
  uint64_t a_descriptor, b_descriptor;
  int n;
  bool b_is_n_major, accumulate;
  bool is_e4m3 = false; // of 32 columns of k, else bf16 of 16
  bool a_is_m_major = false;
};

/// The e4m3 nearest to a number, the even one of two that are equally near.
uint8_t to_e4m3(float value);
float from_e4m3(uint8_t bits);

void init(uint32_t mbarrier, uint32_t arrivals);
void fence_init();
void fence_proxies();
void arrive(uint32_t mbarrier, uint32_t expected_bytes, const char *instruction);
void wait_parity(uint32_t mbarrier, uint32_t parity);
void load_box(uint32_t to, const CUtensorMap &map, const int *at, int rank, uint32_t mbarrier);
void load_bytes(uint32_t to, const void *from, uint32_t bytes, uint32_t mbarrier);
void store_box(const CUtensorMap &map, const int *at, int rank, uint32_t from);
void commit_stores();
void wait_for_stores(int pending);
void issue(WarpgroupProduct product);
void fence_products();
void commit_products();
void wait_for_products(int pending);
void set_registers(int registers, bool more);

} // namespace emulation

inline void mbarrier_init(uint32_t mbarrier, uint32_t arrivals) {
  emulation::init(mbarrier, arrivals);
}
inline void fence_mbarrier_init() { emulation::fence_init(); }
inline void mbarrier_arrive(uint32_t mbarrier) {
  emulation::arrive(mbarrier, 0, "mbarrier.arrive");
}
inline void mbarrier_arrive_expect_tx(uint32_t mbarrier, uint32_t bytes) {
  emulation::arrive(mbarrier, bytes, "mbarrier.arrive.expect_tx");
}
inline bool mbarrier_try_wait_parity(uint32_t mbarrier, uint32_t parity) {
  emulation::wait_parity(mbarrier, parity);
  return true;
}
inline void fence_proxy_async() { emulation::fence_proxies(); }

inline void prefetch_tensormap(const CUtensorMap *) {}
inline void cp_async_bulk_tensor(uint32_t to, const CUtensorMap *map, const int (&at)[4],
                                 uint32_t mbarrier) {
  emulation::load_box(to, *map, at, 4, mbarrier);
}
inline void cp_async_bulk_tensor(uint32_t to, const CUtensorMap *map, const int (&at)[2],
                                 uint32_t mbarrier) {
  emulation::load_box(to, *map, at, 2, mbarrier);
}
inline void cp_async_bulk(uint32_t to, const void *from, uint32_t bytes, uint32_t mbarrier) {
  emulation::load_bytes(to, from, bytes, mbarrier);
}
inline void cp_async_bulk_tensor_store(const CUtensorMap *map, const int (&at)[4], uint32_t from) {
  emulation::store_box(*map, at, 4, from);
}
inline void cp_async_bulk_commit_group() { emulation::commit_stores(); }
template <int pending> void cp_async_bulk_wait_group_read() { emulation::wait_for_stores(pending); }

inline void wgmma_fence() { emulation::fence_products(); }
inline void wgmma_commit_group() { emulation::commit_products(); }
template <int pending> void wgmma_wait_group() { emulation::wait_for_products(pending); }
template <int n> void fence_registers(float (&)[n]) {}

template <int n, bool b_is_n_major, bool a_is_m_major = false>
void wgmma(float (&d)[n / 2], uint64_t a, uint64_t b, bool accumulate) {
  emulation::issue({d, nullptr, a, b, n, b_is_n_major, accumulate, false, a_is_m_major});
}
template <int n, bool b_is_n_major>
void wgmma(float (&d)[n / 2], const uint32_t (&a)[4], uint64_t b, bool accumulate) {
  emulation::issue({d, a, 0, b, n, b_is_n_major, accumulate});
}

template <int n> void wgmma_e4m3(float (&d)[n / 2], uint64_t a, uint64_t b, bool accumulate) {
  emulation::issue({d, nullptr, a, b, n, false, accumulate, true});
}
template <int n>
void wgmma_e4m3(float (&d)[n / 2], const uint32_t (&a)[4], uint64_t b, bool accumulate) {
  emulation::issue({d, a, 0, b, n, false, accumulate, true});
}

inline uint32_t cvt_rn_satfinite_e4m3x2(float low, float high) {
  return uint32_t(emulation::to_e4m3(high)) << 8 | emulation::to_e4m3(low);
}

template <int registers> void setmaxnreg_dec() { emulation::set_registers(registers, false); }
template <int registers> void setmaxnreg_inc() { emulation::set_registers(registers, true); }

#endif
