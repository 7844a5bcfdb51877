#include <reverie/envs/half_cheetah.h>

namespace reverie {

TaskSpec HalfCheetahTask::spec_of(std::string name, std::string description, std::string source,
                                  int64_t horizon) {
  return {.name = std::move(name),
          .description = std::move(description),
          .source = std::move(source),
          .observation_size = 17,
          .action_low = std::vector<double>(6, -1.0),
          .action_high = std::vector<double>(6, 1.0),
          .horizon = horizon};
}

std::unique_ptr<Simulation> half_cheetah_simulation(int frame_skip, const ResetNoise& noise,
                                                    const EnvConfig& config) {
  return std::make_unique<MujocoSimulation>("half_cheetah.xml", frame_skip, noise, config);
}

}  // namespace reverie
