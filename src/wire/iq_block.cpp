// SPDX-License-Identifier: MIT
#include "wire/iq_block.h"

namespace landfall::wire {

std::uint64_t iq_counters::invalid_total() const noexcept {
    std::uint64_t total = 0;
    for (const std::uint64_t count : invalid) {
        total += count;
    }
    return total;
}

void iq_counters::add(const iq_counters& other) noexcept {
    packets += other.packets;
    data_packets += other.data_packets;
    context_packets += other.context_packets;
    version_packets += other.version_packets;
    other_packets += other.other_packets;
    samples += other.samples;
    lost_packets += other.lost_packets;
    lost_samples += other.lost_samples;
    lost_context_packets += other.lost_context_packets;
    duplicates += other.duplicates;
    reordered += other.reordered;
    late += other.late;
    sequence_jumps += other.sequence_jumps;
    discontinuities += other.discontinuities;
    before_context_dropped += other.before_context_dropped;
    clipped_samples += other.clipped_samples;
    non_finite_samples += other.non_finite_samples;
    not_difi += other.not_difi;
    not_selected += other.not_selected;
    refused_frames += other.refused_frames;
    for (std::size_t i = 0; i < invalid.size(); ++i) {
        invalid[i] += other.invalid[i];
    }
}

} // namespace landfall::wire
