#pragma once

namespace orch {

// What becomes of a browser that is given back to its pool.
enum class Reuse {
  // The next client gets it as it is.
  kKeep,
  // It is deleted, and replaced at the fill rate.
  kDiscard,
  // It is deleted, and a fresh one takes its place at once, whatever the fill rate.
  kReset,
};

}  // namespace orch
