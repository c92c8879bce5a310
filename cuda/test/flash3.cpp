// FlashAttention-3 against loops in double, at the shapes that it is for: head_dim 64, 128 and 256,
// lengths around its tiles, masks, groups, softcap, hidden keys that hold NaN, and what it refuses.
//   flash3 LIBRARY
#include "attention.h"

static void test_case(const Case &one, int64_t head_dim, bool adds) {
  const attention_kernel *flash3 = table->flash3_attention;
  Truth truth(one, head_dim);
  const attention &s = truth.s;
  std::string name = std::string(one.name) + ", head_dim " + std::to_string(head_dim);
  char reason[100] = "";
  expect(flash3->supports(context, &s, true, reason, sizeof reason), name + " is supported");

  Block<uint16_t> q(truth.q), k(truth.k), v(truth.v), out(truth.q.size()), dout(truth.dout);
  Block<float> saved(size_t(flash3->saved_floats(&s))), max_logit(size_t(s.batch * s.heads));
  Block<char> space(size_t(flash3->workspace(context, &s, false)));
  attention_forward forward = {out.data, saved.data, max_logit.data, q.data, k.data,
                               v.data,   s,          space.data};
  flash3->forward(context, &forward);
  Rows given = out.values();
  expect(!table->error(context), name + " runs forward");
  stop_where_failed();
  truth.compute(&given);
  expect(agree(given, truth.out, 6e-3), name + ": the output is right");
  expect(agree(saved.values(), truth.log_sum_exp, 1e-5), name + ": log-sum-exps are right");
  expect(agree(max_logit.values(), truth.max_logit, 1e-5), name + ": largest logits are right");

  // A gradient that is overwritten begins as NaN.
  const Rows *before = adds ? &truth.before : nullptr;
  auto start = [&](size_t count) {
    return adds ? Rows(truth.before.begin(), truth.before.begin() + ptrdiff_t(count))
                : Rows(count, 0x7fff);
  };
  std::vector<Rows> first;
  for (int round = 0; round < 2; round++) {
    Block<uint16_t> dq(start(truth.q.size())), dk(start(truth.k.size())), dv(start(truth.k.size()));
    Block<char> scratch(size_t(flash3->workspace(context, &s, true)));
    attention_backward backward = {
        {dq.data, adds}, {dk.data, adds}, {dv.data, adds}, dout.data, q.data,      k.data,
        v.data,          out.data,        saved.data,      s,         scratch.data};
    flash3->backward(context, &backward);
    std::vector<Rows> gradients = {dq.values(), dk.values(), dv.values()};
    if (round == 1) {
      expect(gradients == first, name + ": gradients have the same bits again");
      continue;
    }
    expect(agree(gradients[0], truth.dq, 8e-3, before), name + ": the gradient of q is right");
    expect(agree(gradients[1], truth.dk, 8e-3, before), name + ": the gradient of k is right");
    expect(agree(gradients[2], truth.dv, 8e-3, before), name + ": the gradient of v is right");
    first = gradients;
  }
  stop_where_failed();
}

int main(int argc, char **argv) {
  open_table(argc, argv);
  context = open_context();
  bool adds = false;
  for (int64_t head_dim : {64, 128, 256})
    for (const Case &one : flash3_cases) test_case(one, head_dim, adds = !adds);
  expect_refusals(table->flash3_attention);
  return close("FlashAttention-3");
}
