#include <reverie/policies/policy.h>

namespace reverie {
namespace {

/// Acts by `Policy::act`.
class ActingBatch : public BatchPolicy {
 public:
  ActingBatch(const Policy& policy, const Tensor& parameters)
      : policy_(policy), parameters_(parameters) {}

  void act(const Tensor& input, Tensor& action) override {
    const Tensor observation = input.narrow(2, 0, policy_.observation_size());
    action.copy_(policy_.act(parameters_, observation, action));
  }

 private:
  const Policy& policy_;
  Tensor parameters_;
};

}  // namespace

std::unique_ptr<BatchPolicy> Policy::by_batch(const Tensor& parameters, int64_t) const {
  return std::make_unique<ActingBatch>(*this, parameters);
}

}  // namespace reverie
