#include <reverie/agents/new_policy.h>

#include <reverie/data/normaliser.h>

namespace reverie {

GaussianPolicy new_policy(const Session& session, const PolicyConfig& config,
                          std::string_view name) {
  RandomStream random = session.stream(name);
  const auto& spec = session.task().spec();
  GaussianPolicy policy(spec.observation_size, spec.action_size(), config, random);
  policy.to(session.device());
  return policy;
}

void normalise_inputs(GaussianPolicy& policy, const PolicyConfig& config, const Replay& replay) {
  if (!config.normalise_observations) return;
  Normaliser statistics(policy.observation_size());
  statistics.fit(replay.all().observation);
  policy.absorb_input_normalisation(statistics.mean(), statistics.std());
}

std::vector<std::string> remarks_on_inputs(const PolicyConfig& policy,
                                           const CollectConfig& collect) {
  std::vector<std::string> remarks;
  if (policy.normalise_observations && collect.random_steps == 0)
    remarks.emplace_back(
        "policy.normalise_observations does nothing where collect.random_steps is 0: it is their "
        "statistics that the policy's input is normalised by");
  return remarks;
}

}  // namespace reverie
