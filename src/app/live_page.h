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

/// A line, and what it is painted with.
struct live_line {
    std::string text;
    colour paint = colour::none;
};

/// At most `rows` lines of at most `columns` characters. Where there is little room, blank lines go
/// first, then virtual channels, the notes last.
[[nodiscard]] std::vector<live_line> live_lines(const live_view& view, unsigned columns,
                                                unsigned rows);

/// Redrawn in place, the points' plot beside it where the terminal is wide. Draws nothing where
/// standard output is no terminal.
class live_page {
  public:
    live_page() : style_(stdout) {}
    void draw(const live_view& view);

  private:
    style style_;
    std::size_t drawn_lines_ = 0;
    unsigned drawn_columns_ = 0;
};

/// A square plot of the points, `size` lines of twice as many characters.
[[nodiscard]] std::vector<std::string> constellation_plot(std::span<const base::cf32> points,
                                                          std::size_t size);

/// `####....` of `width` characters; `fraction` is brought to 0..1.
[[nodiscard]] std::string level_bar(double fraction, std::size_t width);

} // namespace landfall::app
