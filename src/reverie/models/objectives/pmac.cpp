#include <reverie/models/objectives/pmac.h>

#include <reverie/core/archive.h>

#include <algorithm>

namespace reverie {

void PmacConfig::describe(Settings& settings) {
  settings.add("decay", decay, "what each newer policy leaves of a transition's probability",
               between(0, 0.999999));
  settings.add("policy_rows", policy_rows,
               "transitions that one policy collects; 0: all between two fits", at_least(0));
}

void Pmac::prepare(const FitContext& context) {
  const int64_t rows = context.data.size();
  if (first_ == 0) {
    first_ = rows;
  } else {
    const int64_t most = config_.policy_rows > 0 ? config_.policy_rows : context.fresh;
    for (int64_t left = context.fresh; left > 0; left -= most)
      policies_.push_back(std::min(left, most));
  }
  // From the newest policy back, until the data end: what came before has been dropped.
  Tensor weights = torch::empty({rows}, torch::kFloat64);
  double left = 1;  // of the mass, for the policies before
  int64_t end = rows;
  size_t known = 0;
  for (; known < policies_.size() && end > 0; ++known) {
    const int64_t collected = policies_[policies_.size() - 1 - known];
    const int64_t count = std::min(collected, end);
    weights.narrow(0, end - count, count)
        .fill_(left * (1 - config_.decay) / static_cast<double>(collected));
    left *= config_.decay;
    end -= count;
  }
  weights.narrow(0, 0, end).fill_(left / static_cast<double>(first_));
  policies_.erase(policies_.begin(), policies_.end() - static_cast<std::ptrdiff_t>(known));
  set_weights(weights.to(torch::kFloat32).to(context.data.observation.device()));
}

// A tensor takes one record of an archive, a vector one for each number.
void Pmac::serialize(Archive& archive) {
  archive.count("first", first_);
  Tensor policies = torch::tensor(policies_, torch::kInt64);
  if (archive.reading()) policies = Tensor();
  archive("policies", policies);
  if (!policies.defined() || policies.scalar_type() != torch::kInt64 || policies.dim() != 1 ||
      (policies < 1).any().item<bool>())
    archive.refuse("policies", "no numbers of rows");
  policies_.assign(policies.data_ptr<int64_t>(), policies.data_ptr<int64_t>() + policies.numel());
}

}  // namespace reverie
