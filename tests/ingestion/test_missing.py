"""The spellings of a missing value."""

from io import StringIO

import pandas as pd
from pandas._libs.parsers import STR_NA_VALUES

from ingestion.dialect import Dialect, dialect_of
from ingestion.missing import PANDAS, spellings
from usecase.config import Data


def test_pandas_takes_exactly_these_for_missing():
    # "None" is one of them since pandas 2.
    assert set(PANDAS) - {"None"} == set(STR_NA_VALUES) - {"None"}


def test_pandas_itself_reads_them_as_missing():
    text = "cell,other\n" + "".join(f'"{cell}",x\n' for cell in PANDAS if cell != "None")
    assert pd.read_csv(StringIO(text))["cell"].isna().all()
    assert not pd.read_csv(StringIO("cell,other\n-,x\nna,x\n"))["cell"].isna().any()


def test_the_empty_cell_is_always_one():
    assert spellings(("",)) == ("",)
    assert spellings(()) == ("",)
    assert spellings(("NA", "-", "NA")) == ("", "NA", "-")
    assert spellings("pandas") == PANDAS


def test_a_configuration_names_a_dialect():
    assert dialect_of(Data(path="rows.csv")) == Dialect(",", ("",))
    data = Data(path="rows.csv", delimiter=";", missing=("NA",))
    assert dialect_of(data) == Dialect(";", ("", "NA"))
