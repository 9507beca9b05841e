// SPDX-License-Identifier: MIT
// What a tenant's spool holds, in memory: what goes next, what has to go when there is no room.
#pragma once

#include "delivery/spool/manifest.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace landfall::delivery {

enum class full_policy : std::uint8_t {
    oldest_first,          ///< the oldest make room for new ones
    lowest_priority_first, ///< the least important, the oldest of these first
    refuse_new,            ///< what comes is refused
};
inline constexpr std::size_t full_policy_count = 3;
/// As in the configuration: "oldest-first"...
[[nodiscard]] const char* name(full_policy policy) noexcept;

class segment_index {
  public:
    void add(const stored_segment& segment);
    /// False where it is not there.
    bool erase(std::uint64_t sequence);
    [[nodiscard]] const stored_segment* find(std::uint64_t sequence) const noexcept;

    /// The one of the highest priority, then the oldest, which then is on its way.
    [[nodiscard]] std::optional<stored_segment> take();
    /// It is not on its way any more.
    void give_back(std::uint64_t sequence);

    /// What has to go so that one of `priority` may come; nothing where that is to be refused. What
    /// is on its way does not go.
    [[nodiscard]] std::optional<std::pair<stored_segment, removal>>
    victim(full_policy policy, std::uint8_t priority) const;
    /// The oldest that is not on its way.
    [[nodiscard]] const stored_segment* oldest() const noexcept;

    [[nodiscard]] const std::map<std::uint64_t, stored_segment>& all() const noexcept {
        return all_;
    }
    [[nodiscard]] std::uint64_t octets() const noexcept { return octets_; }
    [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
    [[nodiscard]] bool is_on_its_way(std::uint64_t sequence) const noexcept {
        return taken_.contains(sequence);
    }
    [[nodiscard]] std::size_t on_their_way() const noexcept { return taken_.size(); }

  private:
    /// Sorted as they go: (9 - priority, sequence), without those on their way.
    using place = std::pair<std::uint8_t, std::uint64_t>;
    [[nodiscard]] static place place_of(const stored_segment& segment) noexcept;

    std::map<std::uint64_t, stored_segment> all_;
    std::set<place> order_;
    std::set<std::uint64_t> taken_;
    std::uint64_t octets_ = 0;
    std::uint64_t frames_ = 0;
};

} // namespace landfall::delivery
