// SPDX-License-Identifier: MIT
// Puts a mission together from layers: its file, a carrier's overrides, the command line.
#pragma once

#include "config/diagnostics.h"
#include "config/document.h"
#include "config/mission.h"
#include "config/mission_loader.h"
#include "config/origin.h"

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::config {

/// A layer's values win over those of the layers before it. Keys that a later layer makes
/// meaningless (a full-length `frame_octets` after another `rs_interleave`) follow silently; a
/// contradiction within one layer is an error. `source` arguments must outlive the builder.
class mission_builder {
  public:
    explicit mission_builder(diagnostics& errors);

    void next_layer();

    /// False where `one` is not a mission key; says what is wrong with its value otherwise.
    bool apply(const source_text& source, const entry& one);

    /// Reports `one` as unknown, with the nearest of the mission's keys and `others`.
    void unknown(const source_text& source, const entry& one,
                 std::span<const std::string_view> others = {});

    void apply_file(const source_text& source, const value& root);
    void apply_sets(std::span<const std::string> sets);

    /// Checks what must hold together and fills in what follows. `whole` is named where an error
    /// has no line of its own.
    [[nodiscard]] mission finish(std::string name, const source_text& whole);

    /// Where the values that `finish` left in force are written.
    [[nodiscard]] key_origins given() const;

  private:
    struct layered_origin : origin {
        unsigned layer = 0;
        bool wrong = false;
    };

    [[nodiscard]] const layered_origin& of(std::string_view key) const;
    void follows(std::string_view key);
    [[nodiscard]] bool sound(std::initializer_list<std::string_view> keys) const;
    void blame(std::initializer_list<std::string_view> keys, const source_text& whole,
               std::string message);
    void check_line_code(const source_text& whole);
    void check_equalizer(const source_text& whole);
    void check_engine(const source_text& whole);
    void settle_inversion();
    void check_length(const source_text& whole);

    diagnostics& errors_;
    mission mission_;
    std::vector<layered_origin> origins_;
    unsigned layer_ = 1;
    bool full_length_ = true; ///< the layers before this one have frames of full length
    std::vector<std::unique_ptr<source_text>> arguments_;
};

/// Finds a mission's file, or reports that there is none of that name.
[[nodiscard]] std::optional<std::filesystem::path>
find_mission(std::string_view name, const folders& where, diagnostics& errors);

/// Whether a mission is named by a path: it has a `/` or ends with `.toml`.
[[nodiscard]] bool is_mission_path(std::string_view name) noexcept;

/// The name of a mission file: letters, digits, `.`, `_` and `-`, others as `_`.
[[nodiscard]] std::string mission_name(const std::filesystem::path& path);

} // namespace landfall::config
