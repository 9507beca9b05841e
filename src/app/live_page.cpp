// SPDX-License-Identifier: MIT
#include "app/live_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace landfall::app {
namespace {

constexpr std::size_t plot_size = 17; // lines
constexpr float plot_reach = 2.2F;    // rail amplitudes from the centre to the edge
constexpr std::size_t bar_width = 24;
constexpr double full_bar_db = 20.0;
constexpr std::size_t most_channels_shown = 6;

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

std::vector<std::string> live_page::facts(const live_view& view) const {
    const chain_status& now = view.status;
    const bool locked = now.receiver.locked;
    const std::string state = !locked             ? style_.paint(colour::yellow, "searching")
                              : now.frames_locked ? style_.paint(colour::green, "locked, frames")
                                                  : style_.paint(colour::yellow, "carrier only");
    std::vector<std::string> lines;
    lines.push_back(style_.paint(colour::bold, view.title));
    lines.push_back(fmt::format("[{}] {:.1f} s of signal in {:.1f} s",
                                level_bar(view.progress, bar_width), view.signal_s,
                                view.elapsed_s));
    lines.emplace_back();
    lines.push_back(fmt::format("state     {}", state));
    lines.push_back(fmt::format("Es/N0     [{}] {:5.1f} dB",
                                level_bar(now.receiver.es_n0_db / full_bar_db, bar_width),
                                now.receiver.es_n0_db));
    lines.push_back(fmt::format("offset    {:+10.0f} Hz   {:+8.0f} Hz/s",
                                now.receiver.frequency_offset_hz, now.receiver.doppler_rate_hz_s));
    lines.push_back(fmt::format("clock     {:+10.1f} ppm  EVM {:.0f} %",
                                now.receiver.symbol_rate_error_ppm, now.receiver.evm_percent));
    lines.push_back(fmt::format("frames    {} sent, {} received + {} fill", view.sent_frames,
                                now.frames.good, now.frames.fill));
    lines.push_back(fmt::format("          {} corrected, {} bad, {} missing", now.frames.corrected,
                                now.bad_frames, now.frames.missing));
    if (now.decoder.channel_bits > 0) {
        lines.push_back(fmt::format("channel   {:.2e} bit errors before decoding",
                                    static_cast<double>(now.decoder.channel_bit_errors) /
                                        static_cast<double>(now.decoder.channel_bits)));
    }
    lines.emplace_back();
    std::vector<framing::channel_counters> sorted(view.channels.begin(), view.channels.end());
    std::sort(sorted.begin(), sorted.end(),
              [](const auto& a, const auto& b) { return a.vcid < b.vcid; });
    sorted.resize(std::min(sorted.size(), most_channels_shown));
    for (const framing::channel_counters& one : sorted) {
        lines.push_back(fmt::format("channel {:>2}  {:>7} frames {:>7} packets {:>4} missing",
                                    one.vcid, one.frames + one.fill, one.extraction.packets,
                                    one.missing));
    }
    lines.insert(lines.end(), view.notes.begin(), view.notes.end());
    return lines;
}

void live_page::draw(const live_view& view) {
    if (!style_.is_terminal()) {
        return;
    }
    const std::vector<std::string> left = facts(view);
    const std::vector<std::string> right = constellation_plot(view.points, plot_size);
    const unsigned columns = terminal_columns(stdout);
    constexpr unsigned left_width = 62;
    const bool plot = columns >= left_width + 2 * plot_size;
    const std::size_t count = plot ? std::max(left.size(), right.size()) : left.size();
    std::string text;
    if (drawn_lines_ > 0) {
        text += fmt::format("\x1b[{}A", drawn_lines_);
    }
    for (std::size_t i = 0; i < count; ++i) {
        text += '\r';
        text += i < left.size() ? left[i] : "";
        text += "\x1b[K";
        if (plot && i < right.size()) {
            text += fmt::format("\x1b[{}G{}", left_width, right[i]);
        }
        text += '\n';
    }
    text += "\x1b[J";
    drawn_lines_ = count;
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stdout));
    static_cast<void>(std::fflush(stdout));
}

} // namespace landfall::app
