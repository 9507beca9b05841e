// SPDX-License-Identifier: MIT
#include "app/live_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace landfall::app {
namespace {

constexpr std::size_t plot_size = 17; // lines
constexpr float plot_reach = 2.2F;    // rail amplitudes from the centre to the edge
constexpr std::size_t bar_width = 24;
constexpr double full_bar_db = 20.0;
constexpr std::size_t most_channels_shown = 6;
constexpr unsigned plot_column = 62;

std::vector<live_line> facts_of(const live_view& view) {
    const chain_status& now = view.status;
    const bool locked = now.receiver.locked;
    const bool frames = locked && now.frames_locked;
    const char* const state = frames ? "locked, frames" : locked ? "carrier only" : "searching";
    return {{view.title, colour::bold},
            {fmt::format("[{}] {:.1f} s of signal in {:.1f} s", level_bar(view.progress, bar_width),
                         view.signal_s, view.elapsed_s)},
            {},
            {fmt::format("state     {}", state), frames ? colour::green : colour::yellow},
            {fmt::format("Es/N0     [{}] {:5.1f} dB",
                         level_bar(now.receiver.es_n0_db / full_bar_db, bar_width),
                         now.receiver.es_n0_db)},
            {fmt::format("offset    {:+10.0f} Hz   {:+8.0f} Hz/s",
                         rounded(now.receiver.frequency_offset_hz, 0),
                         rounded(now.receiver.doppler_rate_hz_s, 0))},
            {fmt::format("clock     {:+10.1f} ppm  EVM {:.0f} %",
                         rounded(now.receiver.symbol_rate_error_ppm, 1), now.receiver.evm_percent)},
            {fmt::format("frames    {} sent, {} received + {} fill", view.sent_frames,
                         now.frames.good, now.frames.fill)},
            {fmt::format("          {} corrected, {} bad, {} missing", now.frames.corrected,
                         now.bad_frames, now.frames.missing)},
            {now.decoder.channel_bits == 0
                 ? std::string()
                 : fmt::format("channel   {:.2e} bit errors before decoding",
                               static_cast<double>(now.decoder.channel_bit_errors) /
                                   static_cast<double>(now.decoder.channel_bits))}};
}

std::vector<live_line> channels_of(const live_view& view) {
    std::vector<framing::channel_counters> sorted(view.channels.begin(), view.channels.end());
    std::sort(sorted.begin(), sorted.end(),
              [](const auto& a, const auto& b) { return a.vcid < b.vcid; });
    sorted.resize(std::min(sorted.size(), most_channels_shown));
    std::vector<live_line> lines(1); // a blank one before them
    for (const framing::channel_counters& one : sorted) {
        lines.push_back(
            {fmt::format("channel {:>2}  {:>7} frames {:>7} packets {:>4} missing", one.vcid,
                         one.frames + one.fill, one.extraction.packets, one.missing)});
    }
    return lines;
}

std::vector<live_line> notes_of(const live_view& view) {
    std::vector<live_line> lines;
    for (const std::string& note : view.notes) {
        lines.push_back({note});
    }
    return lines;
}

} // namespace

std::vector<std::string> constellation_plot(std::span<const base::cf32> points, std::size_t size) {
    const std::size_t width = 2 * size;
    std::vector<std::vector<unsigned>> counts(size, std::vector<unsigned>(width));
    const auto cell = [](float value, std::size_t cells) {
        const float place = (value / plot_reach + 1.0F) * 0.5F * static_cast<float>(cells);
        return static_cast<std::size_t>(std::clamp(place, 0.0F, static_cast<float>(cells) - 1.0F));
    };
    for (const base::cf32 point : points) {
        if (std::isfinite(point.real()) && std::isfinite(point.imag())) {
            ++counts[cell(-point.imag(), size)][cell(point.real(), width)];
        }
    }
    std::vector<std::string> lines(size, std::string(width, ' '));
    for (std::size_t y = 0; y < size; ++y) {
        for (std::size_t x = 0; x < width; ++x) {
            const unsigned count = counts[y][x];
            const bool axis = x == width / 2 || y == size / 2;
            lines[y][x] = count > 3 ? '@' : count > 1 ? 'o' : count > 0 ? '.' : ' ';
            if (count == 0 && axis) {
                lines[y][x] = y == size / 2 ? (x == width / 2 ? '+' : '-') : '|';
            }
        }
    }
    return lines;
}

std::string level_bar(double fraction, std::size_t width) {
    const auto full = static_cast<std::size_t>(
        std::lround(fraction > 0.0 ? std::min(fraction, 1.0) * static_cast<double>(width) : 0.0));
    return std::string(full, '#') + std::string(width - full, '.');
}

std::vector<live_line> live_lines(const live_view& view, unsigned columns, unsigned rows) {
    std::array parts{facts_of(view), channels_of(view), notes_of(view)};
    const auto size = [&] { return parts[0].size() + parts[1].size() + parts[2].size(); };
    if (size() > rows) {
        for (auto& part : parts) {
            std::erase_if(part, [](const live_line& one) { return one.text.empty(); });
        }
    }
    while (size() > rows && !parts[1].empty()) {
        parts[1].pop_back();
    }
    std::vector<live_line> lines;
    for (const auto& part : parts) {
        for (const live_line& one : part) {
            if (lines.size() < rows) {
                lines.push_back({fit(one.text, columns), one.paint});
            }
        }
    }
    return lines;
}

void live_page::draw(const live_view& view) {
    if (!style_.is_terminal()) {
        return;
    }
    const unsigned columns = terminal_columns(stdout);
    const unsigned rows = terminal_rows(stdout) - 1; // the cursor stands below
    const bool plot = columns >= plot_column + 2 * plot_size && rows >= plot_size;
    const auto left = live_lines(view, plot ? plot_column - 2 : columns - 1, rows);
    const auto right =
        plot ? constellation_plot(view.points, plot_size) : std::vector<std::string>();
    const std::size_t count = std::max(left.size(), right.size());
    std::string text;
    if (drawn_lines_ > rows || (drawn_lines_ > 0 && drawn_columns_ != columns)) {
        text += "\x1b[H\x1b[2J"; // another size: what was drawn is no longer where it was
    } else if (drawn_lines_ > 0) {
        text += fmt::format("\x1b[{}A", drawn_lines_);
    }
    for (std::size_t i = 0; i < count; ++i) {
        text += '\r';
        text += i < left.size() ? style_.paint(left[i].paint, left[i].text) : "";
        text += "\x1b[K";
        if (i < right.size()) {
            text += fmt::format("\x1b[{}G{}", plot_column, right[i]);
        }
        text += '\n';
    }
    text += "\x1b[J";
    drawn_lines_ = count;
    drawn_columns_ = columns;
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stdout));
    static_cast<void>(std::fflush(stdout));
}

} // namespace landfall::app
