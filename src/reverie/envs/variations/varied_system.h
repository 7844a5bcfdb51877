// The two halves of a varied system: its simulation and its task. For variations.cpp.
#pragma once

#include <reverie/envs/simulation.h>
#include <reverie/envs/task.h>

#include <functional>
#include <memory>

namespace reverie {

/// Whether each reset draws a new body.
bool draws_bodies(const EnvConfig& config);

/// Returns the varied simulation around what `make` makes. `task`: as published.
std::unique_ptr<Simulation> varied_simulation(
    std::function<std::unique_ptr<Simulation>(const EnvConfig&)> make, const EnvConfig& config,
    std::shared_ptr<const Task> task);

/// Returns the task of a varied simulation. The simulation it wraps measures `measurement` numbers
/// and has the task `inner`.
std::shared_ptr<const Task> varied_task(std::shared_ptr<const Task> inner, const EnvConfig& config,
                                        int64_t measurement);

}  // namespace reverie
