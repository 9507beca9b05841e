// SPDX-License-Identifier: MIT
// A carrier's state as a page of the terminal, redrawn in place.
#pragma once

#include "app/receive_chain.h"
#include "app/style.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace landfall::app {

struct live_view {
    std::string title;
    double progress = 0.0;
    double elapsed_s = 0.0;
    double signal_s = 0.0;
    std::uint64_t sent_frames = 0;
    chain_status status;
    std::span<const framing::channel_counters> channels;
    std::span<const base::cf32> points; ///< rails of unit amplitude
    std::vector<std::string> notes;     ///< lines below
};

/// Draws nothing where standard output is no terminal.
class live_page {
  public:
    live_page() : style_(stdout) {}
    void draw(const live_view& view);

  private:
    [[nodiscard]] std::vector<std::string> facts(const live_view& view) const;

    style style_;
    std::size_t drawn_lines_ = 0;
};

/// A square plot of the points, `size` lines of twice as many characters.
[[nodiscard]] std::vector<std::string> constellation_plot(std::span<const base::cf32> points,
                                                          std::size_t size);

/// `####....` of `width` characters; `fraction` is brought to 0..1.
[[nodiscard]] std::string level_bar(double fraction, std::size_t width);

} // namespace landfall::app
