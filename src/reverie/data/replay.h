// A ring of transitions.
#pragma once

#include <reverie/data/transitions.h>

namespace reverie {

class Archive;

/// The newest `capacity` transitions, first in, first out, as preallocated arrays.
class Replay {
 public:
  Replay(int64_t capacity, int64_t observation_size, int64_t action_size);

  int64_t capacity() const { return capacity_; }
  int64_t size() const { return std::min(added_, capacity_); }
  int64_t added() const { return added_; }  ///< Ever, dropped ones included.

  /// Appends in order. Throws NonFiniteError for transitions that are not finite: nothing is
  /// stored.
  void add(const Transitions& transitions);

  /// All that is held, oldest first (a copy).
  Transitions all() const { return newest(size()); }
  /// The newest `count` (or all, if fewer), oldest first (a copy).
  Transitions newest(int64_t count) const;
  /// Rows by index, 0 the oldest held.
  Transitions gather(const Tensor& index) const;

  void serialize(Archive& archive);

 private:
  int64_t capacity_;
  int64_t added_ = 0;
  Transitions store_;
};

}  // namespace reverie
