"""The keywords of the mains: what they inject, what their sensors change, and what is refused with its reason."""

import pytest
from robot.libdocpkg import LibraryDocumentation

LOADED = "T\n    Load Product    good\n    Set Balanced Load    230    5\n"


def case(run, body):
    (result,) = run(LOADED + body).cases
    return result


def injected(quantity, value, start, end, phase="L1"):
    where = f"    phase={phase}" if phase else ""
    return (
        f"    Run For    ${{{end}}}\n    ${{x}}=    Injected    {quantity}    {start}    {end}{where}\n"
        f"    Should Be Equal As Numbers    ${{x}}    {value}    precision=6"
    )


@pytest.mark.parametrize(
    "body",
    [
        "    Fire Current    L1    90\n" + injected("active_power_w", 575, 0, 0.2),
        "    Rectify Current    L1    positive=False\n" + injected("current_dc_a", -2.250791, 0, 0.2),
        "    Burst Current    L1    2    2\n" + injected("active_power_w", 575, 0, 0.16),
        "    Set Square    L1    current\n" + injected("active_power_w", 1035.363764, 0, 0.2),
        "    Fire Current    L1    90\n    Restore Sine    L1\n" + injected("active_power_w", 1150, 0, 0.2),
        "    Set Harmonic Mix    L1    fifth\n" + injected("active_power_w", 1196, 0, 0.2),
        "    Add Harmonic    L1    current    3    30\n    Remove Harmonic    L1    current    3\n"
        + injected("current_thd_percent", 0, 0, 0.2),
        "    Set Direct Component    L1    current    2\n" + injected("current_dc_a", 2, 0, 0.2),
        "    Set Noise    L1    current    5    seed=3\n" + injected("current_rms_a", 50**0.5, 0, 0.2),
        "    Set Phase    L1    angle=60    voltage_angle=45\n" + injected("reactive_power_var", 995.929214, 0, 0.2),
        "    Ramp Phase    all    current=10    duration=1 s    at=0\n" + injected("current_rms_a", 10, 1, 1.2),
        "    Ramp Frequency    52    duration=1 s\n" + injected("frequency_hz", 51, 0, 1, phase=None),
        "    Swing Frequency    0.5    2\n" + injected("frequency_hz", 50, 0, 1, phase=None),
        "    Modulate    L1    voltage    20    4\n" + injected("voltage_rms_v", 230 * 1.02**0.5, 0, 1),
        "    Set Flicker    all    20    240\n" + injected("voltage_rms_v", 230 * 1.01**0.5, 0, 1),
        "    Dip Voltage    all    40    200 ms    at=0.1\n" + injected("voltage_rms_v", 92, 0.1, 0.3),
        "    Interrupt Voltage    L1    0.1    at=0.1\n" + injected("voltage_rms_v", 0, 0.1, 0.2),
        "    ${t}=    Time Of Angle    L2    90    at=0.1\n"
        "    Should Be Equal As Numbers    ${t}    ${67/600}    precision=8",
        "    Set Unbalance    230    2    1    negative_angle=30\n"
        + injected("voltage_negative_unbalance_percent", 2, 0, 0.2, phase=None),
        "    Reverse Phase Sequence\n" + injected("voltage_negative_sequence_v", 230, 0, 0.2, phase=None),
        "    Set Phase    L1    current=10\n    Lose Neutral\n" + injected("voltage_rms_v", 172.5, 0, 0.2),
        "    Add Transient    L1    current    20    10 ms    ring=1000\n    Run For    0.6\n"
        "    ${x}=    Injected    current_rms_a    0    0.01    L1\n    Should Be True    ${x} > 8",
    ],
)
def test_injects_what_it_says(run, body):
    result = case(run, body)
    assert result.status == "passed", result.message


MEASURED = (
    "    ${w}=    Measure Energy    6 s    active_import[0]    settle=1 s\n"
    "    ${m}=    Energy Error Should Be Below    20    ${w}    active_import[0]\n"
    "    Should Be Equal As Numbers    ${m.error_percent}    %s    precision=2"
)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("    Set Sensor Error    L1    current    gain_percent=3", 1),
        ("    Set Sensor Error    L1    current    temperature_coefficient=1000\n    Set Sensor Temperature    53", 1),
        ("    Set Sensor Error    L1    current    gain_percent=3\n    Make Sensor Ideal    L1    current", 0),
        ("    Set Sensor Error    L1    voltage    delay=1000", -1.63),
        ("    Use Current Transformer    L1    lead=12", -1.44),
        ("    Add Sinc3 Droop    L1    current    1000", -0.41),
    ],
)
def test_errors_of_sensors_are_errors_of_the_meter(run, body, error):
    # One phase of three: a third of its error.
    result = case(run, f"{body}\n{MEASURED % error}")
    assert result.status == "passed", result.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    Fire Current    L1    190", "not from 190"),
        ("    Set Harmonic Mix    L1    sixth", "no mix of harmonics 'sixth'"),
        ("    Dip Voltage    all    300    1 s", "beyond the converter"),
        ("    Play Recording    nothing.cff    UL1=VA", "no such file"),
        ("    Play Recording    nothing.mp3    UL1=VA", "none of the kinds"),
        ("    Use Current Transformer    L1    60", "less than 45 degrees"),
        ("    Lose Neutral    at=0", None),
        (
            "    Set Sensor Error    L1    current    clip=0.0001\n"
            "    ${w}=    Measure Energy    6 s    active_import[0]\n"
            "    Energy Error Should Be Below    99    ${w}    active_import[0]",
            "was clipped by its sensor",
        ),
    ],
)
def test_refuses_with_the_reason(run, body, message):
    result = case(run, body)
    if message is None:
        assert result.status == "passed", result.message
    else:
        assert result.status == "failed"
        assert message in result.message


def test_waveforms_are_saved_and_played_again(run, tmp_path):
    body = (
        f"    Run For    0.5\n    Save Waveforms    {tmp_path}/x.cff    0    0.5    rate=6400\n"
        f"    ${{s}}=    Play Recording    {tmp_path}/x.cff    UL1=UL1    IL1=IL2    scale_current=2    at=0.6\n"
        "    Should Be Equal As Numbers    ${s}    0.5\n    Run For    1\n"
        "    ${p}=    Injected    active_power_w    0.7    1.0    L1\n"
        "    Should Be Equal As Numbers    ${p}    -1150    precision=2\n"
    )
    result = case(run, body)
    assert result.status == "passed", result.message


def test_each_keyword_says_what_it_does_and_in_which_units():
    library = LibraryDocumentation("wattbench.robot.Grid")
    names = {keyword.name for keyword in library.keywords}
    assert len(names) > 35
    assert all(len(keyword.doc) > 20 for keyword in library.keywords)
