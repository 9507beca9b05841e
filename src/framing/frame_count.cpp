// SPDX-License-Identifier: MIT
#include "framing/frame_count.h"

#include <algorithm>
#include <cstring>

namespace landfall::framing {

namespace {

constexpr unsigned steps_until_known = 8;

bool is_plausible(std::uint64_t gap, const frame_count::observation& frame) noexcept {
    if (frame.room) {
        return gap <= *frame.room;
    }
    const std::uint64_t size = std::uint64_t{1} << frame.bits;
    if (frame.bits <= 8) {
        return gap + 1 < size;
    }
    return gap < std::min(size / 2, longest_gap_frames + 1);
}

} // namespace

count_step frame_count::advance(const observation& frame) noexcept {
    count_step step;
    if (frame.bits == 0) {
        step.contiguous = true;
        return step;
    }
    const bool first = !known_;
    const observation last = last_;
    last_ = frame;
    known_ = true;
    if (first || last.bits != frame.bits) {
        step.restart = !first;
        return step;
    }
    const std::uint64_t mask = (std::uint64_t{1} << frame.bits) - 1;
    const std::uint64_t gap = (frame.count - last.count - 1) & mask;
    if (gap == 0) {
        step.contiguous = true;
    } else if (gap == mask && frame.fingerprint == last.fingerprint) {
        step.duplicate = true;
    } else if (is_plausible(gap, frame)) {
        step.missing = gap;
    } else {
        step.restart = true;
    }
    return step;
}

void frame_period::observe(const base::timestamp& time) noexcept {
    const double step_s = started_ ? time.seconds_since(last_) : 0;
    last_ = time;
    started_ = true;
    if (step_s <= 0) {
        return;
    }
    if (seen_ == 0 || step_s < 0.75 * least_s_) {
        least_s_ = step_s;
        seen_ = 1;
    } else if (step_s < 1.5 * least_s_) {
        least_s_ = std::min(least_s_, step_s);
        seen_ = std::min(seen_ + 1, steps_until_known);
    }
}

std::optional<std::uint64_t> frame_period::room(const base::timestamp& earlier,
                                                const base::timestamp& later) const noexcept {
    const double elapsed_s = later.seconds_since(earlier);
    if (seen_ < steps_until_known || elapsed_s < 0) {
        return std::nullopt;
    }
    // Two percent and two frames for the clocks, the Doppler shift and the rounding.
    const double frames = std::min(elapsed_s / least_s_ * 1.02 + 2, 1e15);
    return static_cast<std::uint64_t>(frames);
}

std::uint64_t fingerprint(const std::uint8_t* data, std::size_t octets) noexcept {
    constexpr std::uint64_t factor = 0x9E37'79B9'7F4A'7C15U;
    std::uint64_t value = octets * factor;
    while (octets > 0) {
        std::uint64_t word = 0;
        const std::size_t taken = std::min(octets, sizeof word);
        std::memcpy(&word, data, taken);
        value = (value ^ word) * factor;
        value ^= value >> 32U;
        data += taken;
        octets -= taken;
    }
    return value;
}

} // namespace landfall::framing
