// The two halves of a varied system: its simulation and its task. For variations.cpp.
#pragma once

#include <reverie/envs/simulation.h>
#include <reverie/envs/task.h>

#include <functional>
#include <memory>

namespace reverie {

/// Whether each reset makes another body.
bool draws_bodies(const EnvConfig& config);

/// Steps what `make` makes. `task`: as published.
std::unique_ptr<Simulation> varied_simulation(
    std::function<std::unique_ptr<Simulation>(const EnvConfig&)> make, const EnvConfig& config,
    std::shared_ptr<const Task> task);

/// The task of such a simulation around one that measures `measurement` numbers, whose task is
/// `inner`.
std::shared_ptr<const Task> varied_task(std::shared_ptr<const Task> inner, const EnvConfig& config,
                                        int64_t measurement);

}  // namespace reverie
