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

}  // namespace reverie
