// SPDX-License-Identifier: MIT
#include "delivery/spool/index.h"

#include "delivery/spool/summary.h"

#include <algorithm>

namespace landfall::delivery {

const char* name(full_policy policy) noexcept {
    switch (policy) {
    case full_policy::oldest_first:
        return "oldest-first";
    case full_policy::lowest_priority_first:
        return "lowest-priority-first";
    case full_policy::refuse_new:
        return "refuse-new";
    }
    return nullptr;
}

segment_index::place segment_index::place_of(const stored_segment& segment) noexcept {
    const int last = highest_priority - std::min(segment.priority, highest_priority);
    return {static_cast<std::uint8_t>(last), segment.sequence};
}

void segment_index::add(const stored_segment& segment) {
    if (all_.emplace(segment.sequence, segment).second) {
        order_.insert(place_of(segment));
        octets_ += segment.octets;
        frames_ += segment.frames;
    }
}

bool segment_index::erase(std::uint64_t sequence) {
    const auto at = all_.find(sequence);
    if (at == all_.end()) {
        return false;
    }
    octets_ -= at->second.octets;
    frames_ -= at->second.frames;
    order_.erase(place_of(at->second));
    taken_.erase(sequence);
    all_.erase(at);
    return true;
}

const stored_segment* segment_index::find(std::uint64_t sequence) const noexcept {
    const auto at = all_.find(sequence);
    return at == all_.end() ? nullptr : &at->second;
}

std::optional<stored_segment> segment_index::take() {
    if (order_.empty()) {
        return std::nullopt;
    }
    const std::uint64_t sequence = order_.begin()->second;
    order_.erase(order_.begin());
    taken_.insert(sequence);
    return all_.at(sequence);
}

void segment_index::give_back(std::uint64_t sequence) {
    if (taken_.erase(sequence) > 0) {
        order_.insert(place_of(all_.at(sequence)));
    }
}

const stored_segment* segment_index::oldest() const noexcept {
    for (const auto& [sequence, segment] : all_) {
        if (!taken_.contains(sequence)) {
            return &segment;
        }
    }
    return nullptr;
}

std::optional<std::pair<stored_segment, removal>>
segment_index::victim(full_policy policy, std::uint8_t priority) const {
    if (order_.empty()) {
        return std::nullopt;
    }
    switch (policy) {
    case full_policy::oldest_first:
        return std::pair{*oldest(), removal::oldest};
    case full_policy::lowest_priority_first: {
        const auto lowest = order_.lower_bound({order_.rbegin()->first, 0});
        const stored_segment& found = all_.at(lowest->second);
        if (found.priority > priority) {
            return std::nullopt;
        }
        return std::pair{found, removal::lowest_priority};
    }
    case full_policy::refuse_new:
        break;
    }
    return std::nullopt;
}

} // namespace landfall::delivery
